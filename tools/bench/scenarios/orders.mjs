import { inRounds, metered } from '../figures/meter.mjs';
import { cpuMicrosOf } from '../figures/processes.mjs';
import { atLeast, atMost } from '../figures/report.mjs';
import { ratioByRound, spread } from '../figures/statistics.mjs';
import { behaviours } from '../load/behaviour.mjs';
import { startLoad } from '../load/load.mjs';
import { runPgbench } from '../replay/pgbench.mjs';
import { calm, mintTokens, startApp } from '../systems/app.mjs';
import { checkoutFloors } from './checkout-floor.mjs';
import { findFaults, orderAtOnce, takeStock } from './checkout-truth.mjs';
import { readWorld, stockUp } from './world.mjs';

const users = 32;
const customers = 5000;

const flows = [
  { name: 'add one, order three', behaviour: 'orderItems' },
  { name: 'add three, order the cart', behaviour: 'orderCart' },
];

/** A fresh database in which the first products are for sale and no cart holds anything. */
async function openShop(bench, orderable) {
  const copy = await bench.database.copy(bench.cleanup);
  await stockUp(
    copy,
    Array.from({ length: orderable }, (_, index) => index + 1),
  );
  await copy.query('DELETE FROM cart_items');
  return copy;
}

async function prepare(bench) {
  const { cleanup, options } = bench;
  const orderable = Math.min(9999, 3 * Math.floor((50_000 * options.scale) / 3));
  const [shop, floorShop] = [await openShop(bench, orderable), await openShop(bench, orderable)];
  const world = { ...(await readWorld(shop, options.seed)), orderable };
  const connections = Number(options.env.DATABASE_POOL_SIZE ?? 10);
  const names = flows.map(({ behaviour }) => behaviour);
  const floors = await checkoutFloors({ copy: floorShop, world, behaviours: names, connections, cleanup, env: options.env });
  const app = await startApp({ database: shop, cleanup, env: { ...calm, ...options.env } });
  world.tokens = await mintTokens(shop, Math.min(customers, Math.floor(19_000 * options.scale)));
  return { shop, floors, app, world, connections, load: await startLoad(world, cleanup), stock: await takeStock(shop, orderable) };
}

function candidatesOf(bench, { floors, app, connections, load }) {
  const { seconds, seed } = bench.options;
  const database = () => bench.database.cpuMicros();
  const meters = { app: () => cpuMicrosOf(app.pid), database };
  const mode = { kind: 'users', users };
  // Each job has a seed of its own, and with it idempotency keys of its own.
  let jobs = 0;
  return flows.flatMap(({ name, behaviour }) => [
    {
      name,
      run: () => {
        const job = { url: app.url, connections: users, behaviour, mode, seconds, seed: seed + 1000 * (jobs += 1) };
        return metered(meters, () => load(job));
      },
    },
    {
      name: `${name}: pgbench`,
      run: (round) => metered({ database }, () => runPgbench({ ...floors[behaviour], connections, seconds, seed: seed + round })),
    },
  ]);
}

const acceptedOrders = (runs) => runs.map((run) => run.routes['POST /orders']?.accepted ?? 0);

function rowOf(name, runs, floorRuns) {
  const orders = acceptedOrders(runs);
  const database = runs.map(({ cpu }, index) => cpu.database / orders[index]);
  const floor = floorRuns.map(({ cpu, transactions }) => cpu.database / transactions);
  const perSecond = runs.map(({ seconds }, index) => orders[index] / seconds);
  return {
    name,
    perSecond: spread(perSecond),
    p95: spread(runs.map(({ routes }) => routes['POST /orders']?.p95Ms)),
    app: spread(runs.map(({ cpu }, index) => cpu.app / orders[index])),
    database: spread(database),
    floorPerSecond: spread(floorRuns.map((run) => run.perSecond)),
    floor: spread(floor),
    toFloor: ratioByRound(database, floor),
    generator: `${Math.round(100 * Math.max(...runs.map(({ generatorBusy }) => generatorBusy)))} %`,
    refused: runs.reduce((sum, { all }) => sum + all.conflicts + all.limited + all.shed, 0),
    errors: runs.reduce((sum, { all }) => sum + all.errors, 0),
  };
}

const columns = [
  { key: 'name', label: 'flow' },
  { key: 'perSecond', label: 'orders/s' },
  { key: 'p95', label: 'p95 of the order, ms', digits: 1 },
  { key: 'app', label: 'app µs/order' },
  { key: 'database', label: 'database µs/order' },
  { key: 'floorPerSecond', label: 'pgbench orders/s' },
  { key: 'floor', label: 'pgbench database µs/order' },
  { key: 'toFloor', label: 'database / pgbench', digits: 2 },
  { key: 'generator', label: 'generator' },
  { key: 'refused', label: 'refused' },
  { key: 'errors', label: 'errors' },
];

/** Only now, with nothing running any more: whether every order is what it must be. */
async function faultsOf(bench, { shop, app, world, stock }, runs) {
  const context = { random: Math.random, seed: 'once', worker: 0, workers: 1, turn: 0 };
  const once = await orderAtOnce(app.url, behaviours.orderItems(world)(context).at(-1), 50);
  const accepted = runs.flatMap(acceptedOrders).reduce((sum, count) => sum + count, once);
  const faults = await findFaults(shop, stock, accepted);
  return once === 1 ? faults : [`${once} orders under one idempotency key`, ...faults];
}

async function run(bench) {
  const prepared = await prepare(bench);
  const candidates = candidatesOf(bench, prepared);
  await bench.database.settle();
  const warm = await inRounds(1, candidates, (line) => bench.log(`warm-up, ${line}`));
  const measured = await inRounds(bench.options.rounds, candidates, bench.log);
  const appRuns = flows.flatMap(({ name }) => [warm[name], measured[name]]);
  const rows = flows.map(({ name }) => rowOf(name, measured[name], measured[`${name}: pgbench`]));
  const faults = await faultsOf(bench, prepared, appRuns);
  const failed = rows.filter(({ errors }) => errors > 0).map(({ name, errors }) => `${name}: ${errors} errors`);
  const replayed = flows.map(({ behaviour }) => prepared.floors[behaviour].statements).join(' and ');
  const { mode } = prepared.floors[flows[0].behaviour];
  return {
    data: { products: prepared.world.products.length },
    tables: [{ title: `Orders of three products, ${users} users who do not think, ${prepared.connections} connections`, columns, rows }],
    notes: [
      `${prepared.world.orderable} products with a stock of a million each, chosen by Zipf's law; ${prepared.world.tokens.length} customers`,
      `pgbench replays the statements that the server sent for one such order (${replayed}), protocol ${mode}`,
      'checked afterwards: orders accepted and stored, one per key, stock against orders and movements, none negative, no deadlock',
    ],
    goals: [
      atLeast(`orders/s of "${rows[0].name}"`, rows[0].perSecond?.median, 500),
      ...rows.map((row) => atMost(`database processor time of "${row.name}", times pgbench`, row.toFloor?.median, 1.5)),
    ],
    faults: [...failed, ...faults],
    runs: measured,
  };
}

export const orders = { description: 'cart and check-out, beside pgbench on the same statements', needs: ['pgbench'], seconds: 6, run };
