import { inRounds, metered } from '../figures/meter.mjs';
import { cpuMicrosOf } from '../figures/processes.mjs';
import { atMost } from '../figures/report.mjs';
import { ratioByRound, spread } from '../figures/statistics.mjs';
import { busiestGenerator, startLoad } from '../load/load.mjs';
import { runWrk, writeRequests } from '../load/wrk.mjs';
import { calm, startApp } from '../systems/app.mjs';
import { recordAnswer, startFloor } from '../systems/floor.mjs';
import { findCursor, firstStep, inspect } from './probes.mjs';
import { readWorld } from './world.mjs';

const pageSize = 5;
const connections = 32;

const routesOf = (cursors) => [
  { name: 'product, uniform', behaviour: 'detailUniform', rate: 200, goalMs: 10, isClosed: true },
  { name: 'product, Zipf', behaviour: 'detailZipf', rate: 200, goalMs: 10 },
  { name: 'search', behaviour: 'search', rate: 20, goalMs: 25, isClosed: true },
  { name: 'search with facets', behaviour: 'searchFacets', rate: 20, goalMs: 60, isClosed: true },
  { name: 'page of a category', behaviour: 'categoryPage', rate: 20, isClosed: true },
  ...cursors.map(({ page, cursor }) => ({
    name: `page ${page} of all`,
    behaviour: 'listPage',
    rate: 20,
    world: { pageSize, cursor },
    page,
    isClosed: page === 1 || page === cursors.at(-1).page,
  })),
];

/** Latency: requests at a fixed rate, whatever the answers take. */
function openCandidates({ load, url, routes, floor, bench }) {
  const job = (route, target, round) => ({
    url: target,
    connections: 100,
    behaviour: route.behaviour,
    world: route.world,
    mode: { kind: 'arrivals', rate: route.rate },
    seconds: bench.options.seconds,
    seed: bench.options.seed + round,
  });
  const rates = [...new Set(routes.map(({ rate }) => rate))];
  const first = (rate) => routes.find((route) => route.rate === rate);
  return [
    ...routes.map((route) => ({ name: route.name, run: (round) => load(job(route, url, round)) })),
    ...rates.map((rate) => ({
      name: `bare http at ${rate}/s`,
      run: async (round) => {
        await floor.answer(first(rate).answer);
        return load(job(first(rate), floor.url, round));
      },
    })),
  ];
}

/** Cost: as many requests as are answered, and the processor time of each; then the same bytes from bare servers. */
function closedCandidates({ app, routes, floors, bench }) {
  const seconds = Math.max(1, Math.round((bench.options.seconds * 2) / 3));
  const candidates = [];
  for (const route of routes.filter(({ isClosed }) => isClosed)) {
    const wrk = (url, duration) => () => runWrk({ url, requests: route.requests, connections, seconds: duration });
    const meters = { app: () => cpuMicrosOf(app.pid), database: () => bench.database.cpuMicros() };
    candidates.push({ name: route.name, run: () => metered(meters, wrk(app.url, seconds)) });
    for (const [kind, floor] of Object.entries(floors)) {
      const run = async () => {
        await floor.answer(route.answer);
        return metered({ app: () => cpuMicrosOf(floor.pid) }, wrk(floor.url, Math.ceil(seconds / 2)));
      };
      candidates.push({ name: `${route.name}, ${kind}`, run });
    }
  }
  return candidates;
}

const perRequest = (runs, party) => runs.map(({ cpu, requests }) => cpu[party] / requests);

function latencyRow(name, runs, { rate, statements, goalMs } = {}) {
  const of = (key) => spread(runs.map(({ all }) => all[key]));
  const errors = runs.reduce((sum, { all }) => sum + all.errors + all.shed + all.limited, 0);
  return { name, rate, p50: of('p50Ms'), p95: of('p95Ms'), p99: of('p99Ms'), statements, goal: goalMs, errors };
}

function costRow(route, runs) {
  const [app, http, fastify] = [route.name, `${route.name}, http`, `${route.name}, fastify`].map((name) => perRequest(runs[name], 'app'));
  return {
    name: route.name,
    bytes: route.answer.body.length,
    perSecond: spread(runs[route.name].map(({ perSecond }) => perSecond)),
    app: spread(app),
    database: spread(perRequest(runs[route.name], 'database')),
    http: spread(http),
    toHttp: ratioByRound(app, http),
    toFastify: ratioByRound(app, fastify),
    errors: runs[route.name].reduce((sum, { errors }) => sum + errors, 0),
  };
}

const latencyColumns = [
  { key: 'name', label: 'route' },
  { key: 'rate', label: 'requests/s' },
  { key: 'p50', label: 'p50 ms', digits: 1 },
  { key: 'p95', label: 'p95 ms', digits: 1 },
  { key: 'p99', label: 'p99 ms', digits: 1 },
  { key: 'goal', label: 'goal p95' },
  { key: 'statements', label: 'most statements' },
  { key: 'errors', label: 'errors' },
];

const costColumns = [
  { key: 'name', label: 'route' },
  { key: 'bytes', label: 'body bytes' },
  { key: 'perSecond', label: 'requests/s' },
  { key: 'app', label: 'app µs' },
  { key: 'database', label: 'database µs' },
  { key: 'http', label: 'bare http µs' },
  { key: 'toHttp', label: 'app / http', digits: 1 },
  { key: 'toFastify', label: 'app / Fastify', digits: 1 },
  { key: 'errors', label: 'errors' },
];

async function prepare(bench) {
  const { cleanup, options } = bench;
  const copy = await bench.database.copy(cleanup);
  const world = await readWorld(copy, options.seed);
  const app = await startApp({ database: copy, cleanup, env: { ...calm, CACHE_ENABLED: 'false', ...options.env } });
  const all = routesOf(await findCursor(app.url, { pageSize, pages: [1, 2000, 5000] }));
  const routes = all.filter(({ name }) => name.includes(options.only));
  if (routes.length === 0) throw new Error(`no route is called "${options.only}": there are ${all.map(({ name }) => name).join('; ')}`);
  for (const route of routes) {
    const given = { behaviour: route.behaviour, world: { ...world, ...route.world }, seed: options.seed };
    route.answer = await recordAnswer(app.url, firstStep(given));
    Object.assign(route, await inspect(app.url, given));
    route.requests = writeRequests({ ...given, count: 5000, cleanup });
    await runWrk({ url: app.url, requests: route.requests, connections, seconds: 1 });
  }
  const floors = { http: await startFloor('http', cleanup), fastify: await startFloor('fastify', cleanup) };
  const load = await startLoad(world, cleanup);
  await warmUp({ app, floors, load, route: routes[0], bench });
  return { app, routes, floors, world, load };
}

/** The floors and the generator: the server is warm by now. */
async function warmUp({ app, floors, load, route, bench }) {
  for (const floor of Object.values(floors)) {
    await floor.answer(route.answer);
    await runWrk({ url: floor.url, requests: route.requests, connections, seconds: 1 });
  }
  const { behaviour, rate, world } = route;
  const mode = { kind: 'arrivals', rate };
  await load({ url: app.url, connections: 100, behaviour, world, mode, seconds: 1, seed: bench.options.seed });
  await bench.database.settle();
}

/** As far as their routes were measured. */
function goalsOf(routes, open, closed) {
  const limited = routes.filter(({ goalMs }) => goalMs);
  const p95 = limited.map(({ name, goalMs }) =>
    atMost(`p95 of ${name}`, spread(open[name].map(({ all }) => all.p95Ms))?.median, goalMs, ' ms'),
  );
  const products = routes.filter(({ behaviour }) => behaviour === 'detailUniform');
  const pages = routes.filter(({ page, isClosed }) => page && isClosed);
  const costs = pages.map(({ name }) => closed[name].map(({ cpu, requests }) => (cpu.app + (cpu.database || 0)) / requests));
  return [
    ...p95,
    ...products.map(({ statements }) => atMost('statements for a product', statements, 1)),
    ...(costs.length < 2 ? [] : [atMost(`${pages.at(-1).name} costs, times page 1`, ratioByRound(costs.at(-1), costs[0])?.median, 1.2)]),
  ];
}

async function run(bench) {
  const { app, routes, floors, world, load } = await prepare(bench);
  const floor = floors.http;
  const open = await inRounds(bench.options.rounds, openCandidates({ load, url: app.url, routes, floor, bench }), bench.log);
  const closed = await inRounds(bench.options.rounds, closedCandidates({ app, routes, floors, bench }), bench.log);
  const named = Object.fromEntries(routes.map((route) => [route.name, route]));
  const latencies = Object.entries(open).map(([name, runs]) => latencyRow(name, runs, named[name]));
  const costs = routes.filter(({ isClosed }) => isClosed).map((route) => costRow(route, closed));
  const worst = (key) => Math.max(...Object.values(open).flatMap((runs) => runs.map((run) => run[key])));
  const busiest = worst('generatorBusy');
  const errors = [...latencies, ...costs].filter((row) => row.errors > 0);
  return {
    data: { products: world.products.length },
    tables: [
      { title: 'Latency at a fixed rate of arrivals', columns: latencyColumns, rows: latencies },
      { title: `Processor time of a request, ${connections} connections at full speed`, columns: costColumns, rows: costs },
    ],
    notes: [
      `load generator: ${Math.round(busiest * 100)} % of a core in its busiest run; requests left late by ${worst('lagP99Ms').toFixed(1)} ms at the 99th percentile`,
      ...(routes.some(({ hitRatio }) => hitRatio > 0)
        ? ['some answers came from a cache (Cache-Status): these are not the costs of uncached reads']
        : []),
    ],
    goals: goalsOf(routes, open, closed),
    faults: [
      ...errors.map((row) => `${row.name}: ${row.errors} requests were not answered as they should`),
      ...(busiest > busiestGenerator ? ['the load generator was too busy: latencies are its own'] : []),
    ],
    runs: { open, closed },
  };
}

export const reads = {
  description: 'uncached reads: latency at a fixed rate, processor time beside bare servers',
  needs: ['wrk'],
  seconds: 3,
  run,
};
