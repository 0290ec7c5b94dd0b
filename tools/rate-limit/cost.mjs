// What the limiter costs, and what each way of counting lets through: the figures of docs/decisions/0004. Needs a build and a
// redis-server on the PATH. `node tools/rate-limit/cost.mjs [rounds]`
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createClient } from 'redis';
import { MemoryStore } from '../../dist/libs/rate-limit/src/stores/memory.store.js';
import { algorithms } from '../../dist/libs/rate-limit/src/stores/scripts.js';
import { alone, fixedWindow, sortedSet, weightedCounter } from './candidates.mjs';

const rounds = Number(process.argv[2] ?? 7);
const LIMIT = 100;
const WINDOW_MS = 60_000;
const REQUESTS = 3000;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

async function startRedis() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  await new Promise((done) => probe.close(done));
  const child = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--logfile', '/dev/null'], {
    stdio: 'ignore',
  });
  const client = createClient({ url: `redis://127.0.0.1:${port}`, commandOptions: { timeout: 0 } });
  client.on('error', () => undefined);
  await client.connect();
  return { client, url: `redis://127.0.0.1:${port}`, stop: () => (client.destroy(), child.kill()) };
}

/** Plans of bursts at random moments of three windows, with those among them at which windows are wont to break: at and around an edge. */
function makePlans() {
  let state = 7;
  const random = (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7f_ff_ff_ff;
    return Math.floor((state / 0x80_00_00_00) * below);
  };
  const edges = [[59_999, 60_000], [0, 60_000, 60_600], [59_999, 90_000, 119_000], [30_000, 89_999, 90_000]]; // prettier-ignore
  return [...edges, ...Array.from({ length: 40 }, () => Array.from({ length: 8 }, () => random(180_000)).toSorted((x, y) => x - y))];
}

/** `take(key, atMs)` says whether one request is let through. */
async function worstTrailingWindow(take) {
  let worst = 0;
  for (const [number, plan] of makePlans().entries()) {
    const allowed = [];
    for (const at of plan) {
      const answers = await Promise.all(Array.from({ length: 150 }, () => take(`plan ${number}`, at)));
      allowed.push(...answers.filter(Boolean).map(() => at));
    }
    worst = Math.max(worst, ...allowed.map((end) => allowed.filter((at) => at <= end && at > end - WINDOW_MS).length));
  }
  return worst;
}

async function measureScript(client, text) {
  await client.flushAll();
  const sha = await client.scriptLoad(text);
  const call = (key, ...time) => client.sendCommand(['EVALSHA', sha, '1', key, String(WINDOW_MS * 1000), String(LIMIT), '1', ...time]);
  const origin = 1_800_000_000_000_000 - (1_800_000_000_000_000 % (WINDOW_MS * 1000));
  const worst = await worstTrailingWindow(async (key, at) => (await call(key, String(origin + at * 1000)))[0] === 1);
  await client.flushAll();
  const atOnce = await Promise.all(Array.from({ length: 1000 }, () => call('burst')));
  const [key] = await client.keys('burst*');
  const bytes = await client.memoryUsage(key);
  await client.flushAll();
  const cpuOf = async () =>
    [...(await client.info('cpu')).matchAll(/used_cpu_(?:user|sys):([\d.]+)/g)].reduce((sum, [, value]) => sum + Number(value), 0);
  const before = await cpuOf();
  const own = process.cpuUsage();
  const calls = 40_000;
  let made = 0;
  const worker = async () => {
    while (made < calls) await call(`GET /products/:id:user:${(made += 1) % 2000}`);
  };
  await Promise.all(Array.from({ length: 64 }, worker));
  const { user, system } = process.cpuUsage(own);
  return {
    'admitted of 1,000': atOnce.filter(([isAllowed]) => isAllowed === 1).length,
    'worst in 60 s': worst,
    'bytes, 100 hits': bytes,
    'Redis CPU µs': ((((await cpuOf()) - before) * 1e6) / calls).toFixed(1),
    'own CPU µs': ((user + system) / calls).toFixed(1),
  };
}

async function measureMemory(algorithm) {
  const clock = { ms: 0, now: () => 0, monotonic: () => clock.ms };
  const meter = { name: 'GET /products/:id', windowMs: WINDOW_MS, algorithm };
  const fresh = () => new MemoryStore({ clock, maxBytes: 2 ** 30 });
  const take = (store, client, limit = LIMIT) => store.take({ meter, client, limit, cost: 1 }).isAllowed;
  const worstStore = fresh();
  const worst = await worstTrailingWindow((key, at) => ((clock.ms = at), take(worstStore, key)));
  const burst = fresh();
  const admitted = Array.from({ length: 1000 }, () => take(burst, 'a')).filter(Boolean).length;
  const bytesAt = (hits) => {
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    const store = fresh();
    for (let client = 0; client < 100_000; client += 1)
      for (let hit = 0; hit < hits; hit += 1) take(store, `ip:10.${client % 250}.${client}`);
    collectGarbage();
    return Math.round((process.memoryUsage().heapUsed - before) / store.stats().clients);
  };
  const store = new MemoryStore({ clock: { now: Date.now, monotonic: () => performance.now() }, maxBytes: 2 ** 30 });
  const clients = Array.from({ length: 10_000 }, (_, index) => `user:${index}`);
  const run = () => {
    const before = process.cpuUsage();
    for (let call = 0; call < 500_000; call += 1) take(store, clients[call % clients.length], 300);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 500_000;
  };
  const times = Array.from({ length: rounds }, run);
  return {
    'admitted of 1,000': admitted,
    'worst in 60 s': worst,
    'bytes, 1 hit': bytesAt(1),
    'bytes, 100 hits': bytesAt(100),
    'own CPU µs': median(times).toFixed(2),
  };
}

async function startServer(mode, redisUrl) {
  const child = fork(fileURLToPath(new URL('server.mjs', import.meta.url)), [mode, redisUrl], { stdio: 'inherit' });
  const [port] = await once(child, 'message');
  return { child, port };
}

async function cpuOf({ child }) {
  child.send('cpu');
  const [cpu] = await once(child, 'message');
  return cpu;
}

async function load({ port }, count, agent) {
  let sent = 0;
  const worker = async () => {
    while (sent < count) {
      sent += 1;
      const client = sent % 1000;
      const headers = { 'x-forwarded-for': `10.0.${client >> 8}.${client & 255}`, 'x-user': `user:${client}` };
      await new Promise((done, fail) => {
        get({ host: '127.0.0.1', port, path: `/things/${client}`, headers, agent }, (answer) => {
          if (answer.statusCode !== 200) fail(new Error(`answered ${answer.statusCode}`));
          answer.resume().on('end', done);
        }).on('error', fail);
      });
    }
  };
  await Promise.all(Array.from({ length: 32 }, worker));
}

/** CPU of the whole process per request, the variants in turn so that the machine's moods hit all of them. */
async function measureHttp(redisUrl) {
  const modes = ['off', 'address', 'user', 'redis'];
  const servers = await Promise.all(modes.map((mode) => startServer(mode, redisUrl)));
  const agent = new Agent({ keepAlive: true, maxSockets: 32 });
  const samples = Object.fromEntries(modes.map((mode) => [mode, []]));
  for (let round = -1; round < rounds; round += 1) {
    for (const [index, mode] of modes.entries()) {
      const before = await cpuOf(servers[index]);
      await load(servers[index], REQUESTS, agent);
      if (round >= 0) samples[mode].push(((await cpuOf(servers[index])) - before) / REQUESTS);
    }
  }
  for (const { child } of servers) child.kill();
  agent.destroy();
  const floor = median(samples.off);
  return Object.fromEntries(
    modes.map((mode) => {
      const all = samples[mode];
      const figures = { 'CPU µs a request': median(all).toFixed(1), least: Math.min(...all).toFixed(1), most: Math.max(...all).toFixed(1) };
      return [mode, { ...figures, 'of the limiter': (median(all) - floor).toFixed(1) }];
    }),
  );
}

const redis = await startRedis();
console.log(`limit ${LIMIT} in 60 s; Node ${process.versions.node}; ${rounds} rounds\n\nin Redis, 64 calls in flight`);
const candidates = {
  'log as a list': alone(algorithms['sliding-log']),
  'log as a sorted set': sortedSet,
  gcra: alone(algorithms.gcra),
  'weighted counter': weightedCounter,
  'fixed window': fixedWindow,
};
const inRedis = {};
for (const [name, text] of Object.entries(candidates)) inRedis[name] = await measureScript(redis.client, text);
console.table(inRedis);
console.log('in process');
console.table({ 'sliding log': await measureMemory('sliding-log'), gcra: await measureMemory('gcra') });
console.log('a whole request, Nest on Fastify with one route: limiter off, by address, by user, by address in Redis');
await redis.client.flushAll();
console.table(await measureHttp(redis.url));
redis.stop();
