import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inRounds, metered } from '../figures/meter.mjs';
import { cpuMicrosOf } from '../figures/processes.mjs';
import { atMost } from '../figures/report.mjs';
import { ratioByRound, spread } from '../figures/statistics.mjs';
import { runWrk, writeRequests } from '../load/wrk.mjs';
import { calm, startApp } from '../systems/app.mjs';
import { recordAnswer, startFloor } from '../systems/floor.mjs';
import { root } from '../systems/places.mjs';
import { findProgram } from '../systems/programs.mjs';
import { openRedis } from '../systems/redis.mjs';
import { firstStep, inspect } from './probes.mjs';
import { clients, customersOf, readWorld } from './world.mjs';

const hotProducts = 1000;
const connections = 32;
const distinctRequests = 20_000;

/** Does not count: while the others had their turn, the memory of the process has come to ask Redis again about all that it holds. */
const settleSeconds = 1;

/** Variables that this version reads: a toggle of one that it does not know would measure the same thing twice. */
const isOffered = (name) => new RegExp(`^${name}=`, 'm').test(readFileSync(join(root, '.env.example'), 'utf8'));

/** What is left out in turn, to see what it costs, besides what `--toggle` names. */
const toggles = [
  { LOG_LEVEL: 'warn' },
  { RATE_LIMIT: 'off' },
  { PROFILING_ENABLED: 'false' },
  { PROFILING_SAMPLE_RATE: '0' },
  { CACHE_ENABLED: 'false' },
];

const nameOf = (env) =>
  Object.entries(env)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');

async function variantsOf(bench) {
  const given = Object.entries(bench.options.toggle).map(([name, value]) => ({ [name]: value }));
  const unknown = given.flatMap(Object.keys).filter((name) => !isOffered(name));
  if (unknown.length > 0) throw new Error(`.env.example knows nothing of ${unknown.join(', ')}`);
  const offered = [...toggles, ...given].filter((env) => Object.keys(env).every(isOffered));
  const variants = [{ name: 'as shipped', env: {} }, ...offered.map((env) => ({ name: nameOf(env), env }))];
  const redis = await redisFor(bench);
  return { redis, variants: redis ? [...variants, { name: 'with Redis', env: { REDIS_URL: redis.url } }] : variants };
}

async function redisFor({ cleanup, log }) {
  if (!isOffered('REDIS_URL')) return void log('this version reads no REDIS_URL: nothing is measured with Redis');
  if (!process.env.REDIS_URL && !findProgram('redis-server'))
    return void log('no REDIS_URL, no redis-server on the PATH: nothing is measured with Redis');
  return openRedis(cleanup);
}

async function prepare(bench) {
  const { cleanup, options, database } = bench;
  const copy = await database.copy(cleanup);
  const all = await readWorld(copy, options.seed);
  const world = { ...all, products: all.products.slice(0, hotProducts) };
  world.tokens = await customersOf(copy);
  const write = (behaviour) => {
    const given = { behaviour, world, seed: options.seed };
    return { given, file: writeRequests({ ...given, count: distinctRequests, cleanup }) };
  };
  const { redis, variants } = await variantsOf(bench);
  const apps = [];
  for (const { name, env } of variants)
    apps.push({ name, app: await startApp({ database: copy, cleanup, env: { ...calm, ...options.env, ...env } }) });
  const floors = { http: await startFloor('http', cleanup), fastify: await startFloor('fastify', cleanup) };
  for (const { pid } of [...apps.map(({ app }) => app), ...Object.values(floors)]) bench.measure(pid);
  return {
    apps,
    floors,
    redis,
    products: all.products.length,
    hot: world.products.length,
    requests: { tokens: write('detailCustomers'), addresses: write('detailZipf') },
  };
}

/** Whom to ask, with which requests: every server with tokens, the first one with bare addresses too. */
function candidatesOf({ apps, floors, redis, requests }, bench) {
  const meters = ({ pid }) => ({
    app: () => cpuMicrosOf(pid),
    database: () => bench.database.cpuMicros(),
    redis: () => redis?.cpuMicros(),
  });
  const candidate = (name, server, { file, given }) => {
    const send = (seconds) => runWrk({ url: server.url, requests: file, connections, seconds });
    return {
      name,
      given,
      url: server.url,
      warmUp: () => send(bench.options.seconds),
      run: async () => {
        await send(settleSeconds);
        return metered(meters(server), () => send(bench.options.seconds));
      },
    };
  };
  const [shipped] = apps;
  return {
    servers: [
      ...apps.map(({ name, app }) => candidate(name, app, requests.tokens)),
      candidate(`${shipped.name}, no token`, shipped.app, requests.addresses),
    ],
    floors: Object.entries(floors).map(([kind, floor]) => candidate(`bare ${kind}`, floor, requests.tokens)),
  };
}

async function warmUp({ servers, floors }, prepared, bench) {
  const [first] = servers;
  const answer = await recordAnswer(first.url, firstStep(first.given));
  for (const floor of Object.values(prepared.floors)) await floor.answer(answer);
  for (const { name, warmUp: send } of [...servers, ...floors]) {
    bench.log(`warm-up: ${name}`);
    // Until every client has been seen: the first look at a token costs several times a request, once in its life.
    for (let sent = 0; sent < distinctRequests;) sent += (await send()).requests;
  }
  for (const server of servers) Object.assign(server, await inspect(server.url, server.given));
  await bench.database.settle();
  return answer;
}

function rowOf({ name, hitRatio }, runs) {
  const per = (of, party) => runs[of].map(({ cpu, requests }) => cpu[party] / requests);
  return {
    name,
    hits: hitRatio === undefined ? undefined : `${Math.round(hitRatio * 100)} %`,
    perSecond: spread(runs[name].map(({ perSecond }) => perSecond)),
    app: spread(per(name, 'app')),
    saved: spread(per('as shipped', 'app').map((micros, round) => micros - per(name, 'app')[round])),
    database: spread(per(name, 'database')),
    redis: spread(per(name, 'redis')),
    toHttp: ratioByRound(per(name, 'app'), per('bare http', 'app')),
    toFastify: ratioByRound(per(name, 'app'), per('bare fastify', 'app')),
    errors: runs[name].reduce((sum, { errors }) => sum + errors, 0),
  };
}

const columns = [
  { key: 'name', label: 'server' },
  { key: 'hits', label: 'cache hits' },
  { key: 'perSecond', label: 'requests/s' },
  { key: 'app', label: 'app µs' },
  { key: 'saved', label: 'µs less than shipped' },
  { key: 'database', label: 'database µs' },
  { key: 'redis', label: 'Redis µs' },
  { key: 'toHttp', label: 'app / http', digits: 2 },
  { key: 'toFastify', label: 'app / Fastify', digits: 2 },
  { key: 'errors', label: 'errors' },
];

function notesOf([shipped], answer, hot) {
  return [
    `GET /products/{id}: ${answer.body.length} bytes, ${answer.headers.length / 2} headers; ${hot} products by Zipf's law, ${clients} clients`,
    ...(shipped.hitRatio === undefined ? ['the answers carry no Cache-Status: nothing is cached, this is the cost of a read'] : []),
    ...(shipped.isLimited ? [] : ['the answers carry no X-RateLimit-Limit: nobody is limited']),
  ];
}

async function run(bench) {
  const prepared = await prepare(bench);
  const candidates = candidatesOf(prepared, bench);
  const answer = await warmUp(candidates, prepared, bench);
  const all = [...candidates.servers, ...candidates.floors];
  const runs = await inRounds(bench.options.rounds, all, bench.log);
  const rows = all.map((candidate) => rowOf(candidate, runs));
  const ratioOf = (name) => rows.find((row) => row.name === name)?.toHttp?.median;
  return {
    data: { products: prepared.products },
    tables: [{ title: `Processor time of a request, ${connections} connections at full speed`, columns, rows }],
    notes: notesOf(candidates.servers, answer, prepared.hot),
    goals: [
      atMost('as shipped, times bare http', ratioOf('as shipped'), 2),
      ...(prepared.redis ? [atMost('with Redis, times bare http', ratioOf('with Redis'), 3)] : []),
    ],
    faults: rows.filter(({ errors }) => errors > 0).map(({ name, errors }) => `${name}: ${errors} requests were not answered with success`),
    runs,
  };
}

export const cached = {
  description: 'GET /products/{id} of many clients: what a request costs, and what each part of its path costs',
  needs: ['wrk'],
  isApart: true,
  seconds: 4,
  run,
};
