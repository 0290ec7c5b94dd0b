import { metered } from '../figures/meter.mjs';
import { cpuMicrosOf, memoryOf } from '../figures/processes.mjs';
import { atLeast, atMost } from '../figures/report.mjs';
import { spread } from '../figures/statistics.mjs';
import { busiestGenerator, startLoad } from '../load/load.mjs';
import { mintTokens, startApp } from '../systems/app.mjs';
import { openRedis } from '../systems/redis.mjs';
import { clients, customersOf, readWorld, stockUp } from './world.mjs';

/** How many of the most popular products have so much stock that orders go on for the whole run. */
const stockedUp = 1000;

/** What `npm start` runs: requests and background work in one process. */
async function prepare(bench) {
  const { cleanup, options, database } = bench;
  const copy = await database.copy(cleanup);
  const world = await readWorld(copy, options.seed);
  await stockUp(copy, world.products.slice(0, stockedUp));
  world.tokens = await customersOf(copy);
  const redis = options.redis ? await openRedis(cleanup) : undefined;
  const env = { ROLE: 'all', ...(redis ? { REDIS_URL: redis.url } : {}), ...options.env };
  const app = await startApp({ database: copy, cleanup, env });
  const [admin] = await mintTokens(copy, 1, 'admin');
  await database.settle();
  return { app, redis, admin, products: world.products.length, load: await startLoad(world, cleanup) };
}

function runOf(bench, { app, redis, load }) {
  const { users, rate, seed } = bench.options;
  const meters = {
    app: () => cpuMicrosOf(app.pid),
    database: () => bench.database.cpuMicros(),
    redis: () => redis?.cpuMicros(),
  };
  let jobs = 0;
  return (name, seconds) => {
    bench.log(`${name}: ${seconds} s`);
    const mode = { kind: 'users', users, thinkMs: (1000 * users) / rate };
    const job = { url: app.url, connections: users, behaviour: 'mixed', mode, seconds, seed: seed + 1000 * (jobs += 1) };
    return metered(meters, () => load(job));
  };
}

/**
 * A shop that has been open for a while has been asked for most of what it is asked for; by Zipf's law that takes some eight reads a product,
 * 400,000 of the whole data. A few readers at full speed make up for it, for six minutes at most.
 */
const fill = { readsPerProduct: 8.4, turnSeconds: 5, turns: 72 };
const readers = 16;

async function fillCaches(bench, { app, load, products }) {
  const mode = { kind: 'users', users: readers, thinkMs: 0 };
  for (let turn = 1, reads = 0; turn <= fill.turns && reads < fill.readsPerProduct * products; turn += 1) {
    bench.log(`filling the caches: ${reads} reads so far`);
    const job = { url: app.url, connections: readers, behaviour: 'browsing', mode, seconds: fill.turnSeconds };
    const { all } = await load({ ...job, seed: bench.options.seed + 7 + turn });
    reads += all.requests;
  }
}

const figures = (runs, read) => {
  const of = (key) => spread(runs.map((run) => read(run)?.[key]));
  const sum = (key) => runs.reduce((total, run) => total + (read(run)?.[key] ?? 0), 0);
  return {
    perSecond: spread(runs.map((run) => (read(run)?.requests ?? 0) / run.seconds)),
    mean: of('meanMs'),
    p50: of('p50Ms'),
    p95: of('p95Ms'),
    p99: of('p99Ms'),
    hits: of('hitRatio'),
    conflicts: sum('conflicts'),
    limited: sum('limited'),
    shed: sum('shed'),
    errors: sum('errors'),
  };
};

const loadColumns = [
  { key: 'name', label: 'route' },
  { key: 'perSecond', label: 'requests/s' },
  { key: 'mean', label: 'mean ms', digits: 1 },
  { key: 'p50', label: 'p50 ms', digits: 1 },
  { key: 'p95', label: 'p95 ms', digits: 1 },
  { key: 'p99', label: 'p99 ms', digits: 1 },
  { key: 'hits', label: 'cache hits', digits: 2 },
  { key: 'conflicts', label: '409' },
  { key: 'limited', label: '429' },
  { key: 'shed', label: '503' },
  { key: 'errors', label: 'errors' },
];

const loadColumnsOf = (runs, cold) => {
  const routes = [...new Set(runs.flatMap((run) => Object.keys(run.routes)))].toSorted();
  return [
    { name: 'all', ...figures(runs, ({ all }) => all) },
    ...routes.map((route) => ({ name: route, ...figures(runs, (run) => run.routes[route]) })),
    { name: 'all, cold: the first seconds after the start', ...figures([cold], ({ all }) => all) },
  ];
};

const costColumns = [
  { key: 'name', label: 'party' },
  { key: 'micros', label: 'µs of processor time a request' },
  { key: 'cores', label: 'cores', digits: 2 },
];

const costRow = (runs) => (party) => ({
  name: party,
  micros: spread(runs.map(({ cpu, all }) => cpu[party] / all.requests)),
  cores: spread(runs.map(({ cpu, seconds }) => cpu[party] / 1_000_000 / seconds)),
});

/** What the server says of its caches, if it has any. */
async function cacheStats(url, token) {
  const answer = await fetch(`${url}/cache/stats`, { headers: { authorization: `Bearer ${token}` } });
  return answer.ok ? answer.json() : undefined;
}

const cacheColumns = [
  { key: 'name', label: 'type' },
  { key: 'reads', label: 'reads' },
  { key: 'l1', label: 'L1 hits' },
  { key: 'l2', label: 'L2 hits' },
  { key: 'loads', label: 'loads' },
  { key: 'hits', label: 'hits', digits: 3 },
  { key: 'entries', label: 'L1 entries' },
  { key: 'bytes', label: 'L1 bytes' },
];

/** What came between two looks at the statistics; `stale` counts as a hit of its layer. */
function cacheRows(before, after) {
  const ofType = (stats, type) => stats.types.find((row) => row.type === type);
  return after.types.flatMap(({ type, entries, bytes, ...now }) => {
    const then = ofType(before, type);
    const since = (read) => read(now) - (then ? read(then) : 0);
    const [reads, loads] = [since((row) => row.reads), since((row) => row.loads)];
    const [l1, l2] = [since((row) => row.l1.hits + row.l1.stale), since((row) => row.l2.hits + row.l2.stale)];
    return reads === 0 ? [] : [{ name: type, reads, l1, l2, loads, hits: (l1 + l2) / reads, entries, bytes }];
  });
}

function goalsOf({ perSecond, mean, p95, p99, hits, errors }, requests, memory) {
  return [
    atLeast('requests/s', perSecond?.median, 2000),
    atMost('mean', mean?.median, 20, ' ms'),
    atMost('p95', p95?.median, 50, ' ms'),
    atMost('p99', p99?.median, 200, ' ms'),
    atMost('errors', (100 * errors) / requests, 0.01, ' %'),
    atLeast('cache hits', hits?.median, 0.95),
    atMost('memory of the server', memory.rssBytes / 1_000_000, 300, ' MB'),
  ];
}

/** First cold, then with caches as they are after a while; what is measured are the rounds. */
async function measure(bench, prepared) {
  const { app, admin } = prepared;
  const { rounds, seconds } = bench.options;
  const load = runOf(bench, prepared);
  const cold = await load('cold', Math.min(10, seconds));
  await fillCaches(bench, prepared);
  await load('warm-up', Math.min(10, seconds));
  const before = await cacheStats(app.url, admin);
  const runs = [];
  for (let round = 1; round <= rounds; round += 1) runs.push(await load(`round ${round} of ${rounds}`, seconds));
  return { cold, runs, before, after: await cacheStats(app.url, admin) };
}

async function run(bench) {
  const prepared = await prepare(bench);
  const { app, products } = prepared;
  const { users, rate } = bench.options;
  const atStart = memoryOf(app.pid);
  const { cold, runs, before, after } = await measure(bench, prepared);
  const memory = memoryOf(app.pid);
  const rows = loadColumnsOf(runs, cold);
  const busiest = Math.max(...runs.map(({ generatorBusy }) => generatorBusy));
  const requests = runs.reduce((sum, { all }) => sum + all.requests, 0);
  const megabytes = (bytes) => `${Math.round(bytes / 1_000_000)} MB`;
  return {
    data: { products },
    tables: [
      {
        title: `Mixed load of ${users} users who think ${(1000 * users) / rate} ms on average, ${clients} clients`,
        columns: loadColumns,
        rows,
      },
      ...(before && after
        ? [{ title: 'Reads of the cache in these rounds, by type', columns: cacheColumns, rows: cacheRows(before, after) }]
        : []),
      { title: 'What it costs', columns: costColumns, rows: ['app', 'database', ...(prepared.redis ? ['redis'] : [])].map(costRow(runs)) },
    ],
    notes: [
      `memory of the server: ${megabytes(atStart.rssBytes)} before, ${megabytes(memory.rssBytes)} after, ${megabytes(memory.peakRssBytes)} at most`,
      `load generator: ${Math.round(busiest * 100)} % of a core in its busiest run; users came late by ${Math.max(...runs.map(({ lagP99Ms }) => lagP99Ms)).toFixed(1)} ms at the 99th percentile`,
      ...(rows[0].hits === undefined ? ['the answers carry no Cache-Status: the hit ratio is not known'] : []),
    ],
    goals: goalsOf(rows[0], requests, memory),
    faults: [
      ...(rows[0].errors > 0 ? [`${rows[0].errors} of ${requests} requests failed`] : []),
      ...(busiest > busiestGenerator ? ['the load generator was too busy: latencies are its own'] : []),
    ],
    runs: { cold, warm: runs, memory: { atStart, after: memory }, cacheStats: after },
  };
}

export const mixed = { description: 'the mixed load of many users: rate, latency, refusals, memory', needs: [], seconds: 20, run };
