import { atMost } from '../figures/report.mjs';
import { medianInterval } from '../figures/statistics.mjs';
import { runWrk, writeRequests } from '../load/wrk.mjs';
import { calm, startSwitchedApp } from '../systems/app.mjs';
import { inspect } from './probes.mjs';
import { readWorld } from './world.mjs';

const connections = 8;
const hotProducts = 100;
/** Of as many addresses, so that none of them comes to its limit. */
const distinctRequests = 40_000;

/** What a switch takes besides, so that the load outlasts the measurement. */
const switchMs = 20;
const warmUpRounds = 8;

const samplings = [
  { name: 'off', rate: undefined },
  { name: 'at 10 %', rate: 0.1 },
  { name: 'at 100 %', rate: 1 },
];

/**
 * Few products, so that all but the first answers come from the cache; and all of them, with no cache, so that each is a query. Slices, in
 * milliseconds, are short and many, since what disturbs a machine comes and goes within a second; some hundred requests settle what a switch stirs up.
 * `weight`: how many times as long it is measured, since garbage collection falls unevenly into slices of few requests.
 */
const readsOf = (world) => [
  {
    name: 'cached',
    behaviour: 'detailUniform',
    env: {},
    weight: 1,
    timing: { sliceMs: 100, settleMs: 40 },
    world: { ...world, products: world.products.slice(0, hotProducts) },
  },
  {
    name: 'uncached',
    behaviour: 'detailUniform',
    env: { CACHE_ENABLED: 'false' },
    weight: 2,
    timing: { sliceMs: 400, settleMs: 200 },
    world,
  },
];

async function prepare({ cleanup, options, database }) {
  const copy = await database.copy(cleanup);
  const world = await readWorld(copy, options.seed);
  const reads = readsOf(world).map((read) => {
    const given = { behaviour: read.behaviour, world: read.world, seed: options.seed };
    return { ...read, given, copy, requests: writeRequests({ ...given, count: distinctRequests, cleanup }) };
  });
  await database.settle();
  return { reads, products: world.products.length };
}

/** The slices of each sampling, while the server is kept busy. */
async function watch(app, { requests, timing }, rounds) {
  const plan = { rates: samplings.map(({ rate }) => rate), rounds, ...timing };
  const seconds = Math.ceil((rounds * samplings.length * (timing.sliceMs + timing.settleMs + switchMs)) / 1000) + 1;
  const [slices, { errors }] = await Promise.all([app.measure(plan), runWrk({ url: app.url, requests, connections, seconds })]);
  return { slices, errors };
}

const costsOf = (slices) => slices.map(({ micros, requests }) => micros / requests);

/** One process of its own, since where the compiler puts things differs from one to the next by as much as is to be measured. */
async function measureOnce(bench, read) {
  const { cleanup, options } = bench;
  const app = await startSwitchedApp({ database: read.copy, cleanup, env: { ...calm, ...options.env, ...read.env } });
  bench.measure(app.pid);
  await watch(app, read, warmUpRounds);
  const facts = await inspect(app.url, read.given);
  const measured = await watch(app, read, Math.ceil((options.seconds * read.weight * 1000) / read.timing.sliceMs));
  await app.stop();
  return { ...facts, ...measured };
}

async function measure(bench, read) {
  const processes = [];
  for (let round = 1; round <= bench.options.rounds; round += 1) {
    bench.log(`${read.name}, process ${round}: ${samplings.map(({ name }) => name).join(', ')} in turn`);
    processes.push(await measureOnce(bench, read));
  }
  const [{ hitRatio, statements }] = processes;
  const slices = samplings.map((_, index) => processes.flatMap((one) => one.slices[index]));
  return { name: read.name, hitRatio, statements, slices, errors: processes.reduce((sum, { errors }) => sum + errors, 0) };
}

/** Slice by slice of a turn, so that what slowed one down counts in none. */
function rowsOf({ name, hitRatio, statements, errors, slices }) {
  const off = costsOf(slices[0]);
  return samplings.map((sampling, index) => {
    const costs = costsOf(slices[index]);
    return {
      name: `${name}, ${sampling.name}`,
      hits: hitRatio === undefined ? undefined : `${Math.round(hitRatio * 100)} %`,
      statements,
      requests: slices[index].reduce((sum, { requests }) => sum + requests, 0),
      app: medianInterval(costs),
      more: medianInterval(costs.map((cost, round) => cost - off[round])),
      share: medianInterval(costs.map((cost, round) => (cost / off[round] - 1) * 100)),
      errors,
    };
  });
}

const columns = [
  { key: 'name', label: 'read, profiler' },
  { key: 'hits', label: 'cache hits' },
  { key: 'statements', label: 'most statements' },
  { key: 'requests', label: 'requests' },
  { key: 'app', label: 'app µs', digits: 1 },
  { key: 'more', label: 'more µs', digits: 1 },
  { key: 'share', label: 'more %', digits: 1 },
  { key: 'errors', label: 'errors' },
];

async function run(bench) {
  const { reads, products } = await prepare(bench);
  const measured = [];
  for (const read of reads) measured.push(await measure(bench, read));
  const rows = measured.flatMap(rowsOf);
  const found = (name) => rows.find((row) => row.name === name);
  return {
    data: { products },
    tables: [{ title: `Processor time of GET /products/{id}, ${connections} connections at full speed`, columns, rows }],
    notes: [
      `cached: ${hotProducts} products. Processes switch their profilers again and again: "more" is against the slice without`,
      'it in the same turn. In brackets: where the median of ever more turns would lie, with 95 % confidence',
    ],
    goals: [
      atMost('more on a cached read at 10 %', found('cached, at 10 %')?.more?.median, 3, ' µs'),
      atMost('more on an uncached read at 100 %', found('uncached, at 100 %')?.share?.median, 5, ' %'),
    ],
    faults: measured
      .filter(({ errors }) => errors > 0)
      .map(({ name, errors }) => `${name}: ${errors} requests were not answered with success`),
    runs: Object.fromEntries(measured.map(({ name, slices }) => [name, slices])),
  };
}

export const profiling = {
  description: 'GET /products/{id} with the profiler off, at 10 % and in full: what looking costs',
  needs: ['wrk'],
  isApart: true,
  seconds: 10,
  run,
};
