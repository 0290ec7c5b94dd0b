import { inRounds, metered } from '../figures/meter.mjs';
import { cpuMicrosOf } from '../figures/processes.mjs';
import { atMost } from '../figures/report.mjs';
import { spread } from '../figures/statistics.mjs';
import { runWrk, writeRequests } from '../load/wrk.mjs';
import { startApp } from '../systems/app.mjs';
import { inspect } from './probes.mjs';
import { readWorld } from './world.mjs';

const connections = 8;
const hotProducts = 100;
const distinctRequests = 5000;

const samplings = [
  { name: 'off', env: { PROFILING_ENABLED: 'false' } },
  { name: 'at 10 %', env: { PROFILING_SAMPLE_RATE: '0.1' } },
  { name: 'at 100 %', env: { PROFILING_SAMPLE_RATE: '1' } },
];

/** Few products, so that all but the first answers come from the cache; and all of them, with no cache, so that each is a query. */
const readsOf = (world) => [
  { name: 'cached', behaviour: 'detailUniform', env: {}, world: { ...world, products: world.products.slice(0, hotProducts) } },
  { name: 'uncached', behaviour: 'detailUniform', env: { CACHE_ENABLED: 'false' }, world },
];

const nameOf = (read, sampling) => `${read.name}, ${sampling.name}`;

async function prepare(bench) {
  const { cleanup, options, database } = bench;
  const copy = await database.copy(cleanup);
  const world = await readWorld(copy, options.seed);
  const candidates = [];
  for (const read of readsOf(world)) {
    const given = { behaviour: read.behaviour, world: read.world, seed: options.seed };
    const requests = writeRequests({ ...given, count: distinctRequests, cleanup });
    for (const sampling of samplings) {
      const app = await startApp({ database: copy, cleanup, env: { ...options.env, ...read.env, ...sampling.env } });
      bench.measure(app.pid);
      const meters = { app: () => cpuMicrosOf(app.pid), database: () => database.cpuMicros() };
      const send = () => runWrk({ url: app.url, requests, connections, seconds: options.seconds });
      candidates.push({ name: nameOf(read, sampling), given, url: app.url, run: () => metered(meters, send) });
    }
  }
  return { candidates, products: world.products.length };
}

async function warmUp(candidates, bench) {
  for (const candidate of candidates) {
    bench.log(`warm-up: ${candidate.name}`);
    await candidate.run();
    Object.assign(candidate, await inspect(candidate.url, candidate.given));
  }
  await bench.database.settle();
}

const costs = (runs, party) => runs.map(({ cpu, requests }) => cpu[party] / requests);

/** Round by round, so that what slowed both of one round down counts in neither. */
function rowOf({ name, hitRatio, statements }, runs) {
  const off = costs(runs[`${name.split(', ', 1)[0]}, off`], 'app');
  const app = costs(runs[name], 'app');
  return {
    name,
    hits: hitRatio === undefined ? undefined : `${Math.round(hitRatio * 100)} %`,
    statements,
    perSecond: spread(runs[name].map(({ perSecond }) => perSecond)),
    app: spread(app),
    database: spread(costs(runs[name], 'database')),
    more: spread(app.map((cost, round) => cost - off[round])),
    share: spread(app.map((cost, round) => (cost / off[round] - 1) * 100)),
    errors: runs[name].reduce((sum, { errors }) => sum + errors, 0),
  };
}

const columns = [
  { key: 'name', label: 'read, profiler' },
  { key: 'hits', label: 'cache hits' },
  { key: 'statements', label: 'most statements' },
  { key: 'perSecond', label: 'requests/s' },
  { key: 'app', label: 'app µs', digits: 1 },
  { key: 'database', label: 'database µs', digits: 1 },
  { key: 'more', label: 'more µs', digits: 1 },
  { key: 'share', label: 'more %', digits: 1 },
  { key: 'errors', label: 'errors' },
];

async function run(bench) {
  const { candidates, products } = await prepare(bench);
  await warmUp(candidates, bench);
  const runs = await inRounds(bench.options.rounds, candidates, bench.log);
  const rows = candidates.map((candidate) => rowOf(candidate, runs));
  const found = (name) => rows.find((row) => row.name === name);
  return {
    data: { products },
    tables: [{ title: `Processor time of GET /products/{id}, ${connections} connections at full speed`, columns, rows }],
    notes: [`cached: ${hotProducts} products; "more" is against the profiler being off, in the same round`],
    goals: [
      atMost('more on a cached read at 10 %', found('cached, at 10 %')?.more?.median, 3, ' µs'),
      atMost('more on an uncached read at 100 %', found('uncached, at 100 %')?.share?.median, 5, ' %'),
    ],
    faults: rows.filter(({ errors }) => errors > 0).map(({ name, errors }) => `${name}: ${errors} requests were not answered with success`),
    runs,
  };
}

export const profiling = {
  description: 'GET /products/{id} with the profiler off, at 10 % and in full: what looking costs',
  needs: ['wrk'],
  isApart: true,
  seconds: 2,
  run,
};
