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

/** Do not count: a process that was idle while the others had their turn takes a while until a request costs what it costs a busy one. */
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

const shipped = 'as shipped';

const nameOf = (env) =>
  Object.entries(env)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');

function togglesOf({ options }) {
  const given = Object.entries(options.toggle).map(([name, value]) => ({ [name]: value }));
  const unknown = given.flatMap(Object.keys).filter((name) => !isOffered(name));
  if (unknown.length > 0) throw new Error(`.env.example knows nothing of ${unknown.join(', ')}`);
  return [...toggles, ...given].filter((env) => Object.keys(env).every(isOffered));
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
  return {
    toggles: togglesOf(bench),
    copy,
    redis: await redisFor(bench),
    products: all.products.length,
    hot: world.products.length,
    requests: { tokens: write('detailCustomers'), addresses: write('detailZipf') },
  };
}

async function start(bench, { copy }, env) {
  const app = await startApp({ database: copy, cleanup: bench.cleanup, env: { ...calm, ...bench.options.env, ...env } });
  bench.measure(app.pid);
  return app;
}

/** A server, and which requests it is asked. */
function candidateOf(bench, redis, { name, server, requests: { file, given } }) {
  const meters = {
    app: () => cpuMicrosOf(server.pid),
    database: () => bench.database.cpuMicros(),
    redis: () => redis?.cpuMicros(),
  };
  const send = (seconds) => runWrk({ url: server.url, requests: file, connections, seconds });
  return {
    name,
    given,
    url: server.url,
    warmUp: () => send(bench.options.seconds),
    run: async () => {
      await send(settleSeconds);
      return metered(meters, () => send(bench.options.seconds));
    },
  };
}

async function warmUp(candidates, bench) {
  for (const { name, warmUp: send } of candidates) {
    bench.log(`warm-up: ${name}`);
    // Until every client has been seen: the first look at a token costs several times a request, once in its life.
    for (let sent = 0; sent < distinctRequests;) sent += (await send()).requests;
  }
  await bench.database.settle();
}

const perRequest = (runs, party) => runs.map(({ cpu, requests }) => cpu[party] / requests);

const rowOf = ({ name, hitRatio }, runs) => ({
  name,
  hits: hitRatio === undefined ? undefined : `${Math.round(hitRatio * 100)} %`,
  perSecond: spread(runs[name].map(({ perSecond }) => perSecond)),
  app: spread(perRequest(runs[name], 'app')),
  database: spread(perRequest(runs[name], 'database')),
  redis: spread(perRequest(runs[name], 'redis')),
  errors: runs[name].reduce((sum, { errors }) => sum + errors, 0),
});

const columns = [
  { key: 'name', label: 'server' },
  { key: 'hits', label: 'cache hits' },
  { key: 'perSecond', label: 'requests/s' },
  { key: 'app', label: 'app µs' },
  { key: 'database', label: 'database µs' },
  { key: 'redis', label: 'Redis µs' },
  { key: 'errors', label: 'errors' },
];

/** The product beside bare servers. Nothing else runs meanwhile: idle processes are not quite idle. */
async function compare(bench, prepared) {
  const { tokens, addresses } = prepared.requests;
  const floors = { http: await startFloor('http', bench.cleanup), fastify: await startFloor('fastify', bench.cleanup) };
  for (const { pid } of Object.values(floors)) bench.measure(pid);
  const [app, withRedis] = [
    await start(bench, prepared),
    prepared.redis && (await start(bench, prepared, { REDIS_URL: prepared.redis.url })),
  ];
  const answer = await recordAnswer(app.url, firstStep(tokens.given));
  for (const floor of Object.values(floors)) await floor.answer(answer);
  const make = (name, server, requests) => candidateOf(bench, prepared.redis, { name, server, requests });
  const servers = [
    make(shipped, app, tokens),
    ...(withRedis ? [make('with Redis', withRedis, tokens)] : []),
    make(`${shipped}, no token`, app, addresses),
  ];
  const all = [make('bare http', floors.http, tokens), make('bare fastify', floors.fastify, tokens), ...servers];
  await warmUp(all, bench);
  for (const server of servers) Object.assign(server, await inspect(server.url, server.given));
  const runs = await inRounds(bench.options.rounds, all, bench.log);
  const times = (name, floor) => ratioByRound(perRequest(runs[name], 'app'), perRequest(runs[floor], 'app'));
  const rows = all.map((candidate) => ({
    ...rowOf(candidate, runs),
    toHttp: times(candidate.name, 'bare http'),
    toFastify: times(candidate.name, 'bare fastify'),
  }));
  await withRedis?.stop();
  return { app, answer, first: servers[0], runs, rows };
}

/** The same server without one of its parts each. */
async function takeApart(bench, prepared, { app, first }) {
  const { tokens } = prepared.requests;
  const make = (name, server) => candidateOf(bench, undefined, { name, server, requests: tokens });
  const others = [];
  for (const env of prepared.toggles) others.push(make(nameOf(env), await start(bench, prepared, env)));
  await warmUp(others, bench);
  for (const server of others) Object.assign(server, await inspect(server.url, server.given));
  const all = [{ ...first, ...make(shipped, app) }, ...others];
  const runs = await inRounds(bench.options.rounds, all, bench.log);
  const whole = perRequest(runs[shipped], 'app');
  const rows = all.map((candidate) => ({
    ...rowOf(candidate, runs),
    saved: spread(whole.map((micros, round) => micros - perRequest(runs[candidate.name], 'app')[round])),
  }));
  return { runs, rows };
}

const notesOf = ({ hitRatio, isLimited }, answer, hot) => [
  `GET /products/{id}: ${answer.body.length} bytes, ${answer.headers.length / 2} headers; ${hot} products by Zipf's law, ${clients} clients`,
  ...(hitRatio === undefined ? ['the answers carry no Cache-Status: nothing is cached, this is the cost of a read'] : []),
  ...(isLimited ? [] : ['the answers carry no X-RateLimit-Limit: nobody is limited']),
];

async function run(bench) {
  const prepared = await prepare(bench);
  const compared = await compare(bench, prepared);
  const parts = await takeApart(bench, prepared, compared);
  const ratioOf = (name) => compared.rows.find((row) => row.name === name)?.toHttp?.median;
  const toFloors = [
    { key: 'toHttp', label: 'app / http', digits: 2 },
    { key: 'toFastify', label: 'app / Fastify', digits: 2 },
  ];
  const faulty = [...compared.rows, ...parts.rows].filter(({ errors }) => errors > 0);
  return {
    data: { products: prepared.products },
    tables: [
      {
        title: `Processor time of a request, ${connections} connections at full speed`,
        columns: [...columns.slice(0, -1), ...toFloors, ...columns.slice(-1)],
        rows: compared.rows,
      },
      {
        title: 'What each part costs: the server without it',
        columns: [...columns.slice(0, 4), { key: 'saved', label: 'µs less than shipped' }, ...columns.slice(-1)],
        rows: parts.rows,
      },
    ],
    notes: notesOf(compared.first, compared.answer, prepared.hot),
    goals: [
      atMost('as shipped, times bare http', ratioOf(shipped), 2),
      ...(prepared.redis ? [atMost('with Redis, times bare http', ratioOf('with Redis'), 3)] : []),
    ],
    faults: faulty.map(({ name, errors }) => `${name}: ${errors} requests were not answered with success`),
    runs: { compared: compared.runs, parts: parts.runs },
  };
}

export const cached = {
  description: 'GET /products/{id} of many clients: what a request costs, and what each part of its path costs',
  needs: ['wrk'],
  isApart: true,
  seconds: 4,
  run,
};
