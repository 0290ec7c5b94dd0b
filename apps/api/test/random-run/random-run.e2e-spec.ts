import { OrderExpiryJob } from '../../src/orders/order-expiry.job.js';
import type { Config } from '../../src/config.js';
import { PostViews } from '../../src/community/posts/post-views.js';
import { startTestApp, type Json, type TestApp } from '../app.harness.js';
import { violations } from '../invariants.fixture.js';
import { documentedRoutes } from '../routes/routes.fixture.js';
import { accountOperations, readers } from './accounts.operations.js';
import { catalogueOperations } from './catalogue.operations.js';
import { Chance } from './chance.js';
import { communityOperations } from './community.operations.js';
import { tradeOperations } from './trade.operations.js';
import { createWorld, type Operations, type Turn, type World } from './world.fixture.js';

const operations: Operations = { ...tradeOperations, ...catalogueOperations, ...communityOperations, ...accountOperations };

/**
 * A search is a write by its method alone; files and webhooks change nothing that is looked at here, and have runs of their own. What
 * operators do is about the process, not about the shop.
 */
const reading = ['POST /products/search'];
const elsewhere = ['POST /products/import', 'POST /webhooks', 'DELETE /webhooks/{id}', 'POST /webhooks/deliveries/{id}/replay'];
const ofOperators = /^[A-Z]+ \/(?:profiling|cache|monitoring)\//;

const seed = Number(process.env['RANDOM_RUN_SEED'] ?? 20_261_125);
const steps = Number(process.env['RANDOM_RUN_STEPS'] ?? 3000);
const clients = 24;

interface Documented {
  readonly [route: string]: readonly number[];
}

async function documentedWrites(app: TestApp): Promise<Documented> {
  const routes = (await documentedRoutes({ app })).filter(
    ({ route }) => !route.startsWith('GET ') && !ofOperators.test(route) && ![...reading, ...elsewhere].includes(route),
  );
  return Object.fromEntries(routes.map(({ route, statuses }) => [route, statuses]));
}

/** How often each operation was answered with each status. */
class Tally {
  readonly statuses = new Map<string, Map<number, number>>();

  add(route: string, status: number): void {
    const counts = this.statuses.get(route) ?? new Map<number, number>();
    this.statuses.set(route, counts.set(status, (counts.get(status) ?? 0) + 1));
  }

  undocumented(documented: Documented): string[] {
    return [...this.statuses].flatMap(([route, counts]) =>
      [...counts.keys()].filter((status) => status >= 500 || !documented[route]?.includes(status)).map((status) => `${route}: ${status}`),
    );
  }

  unsuccessful(): string[] {
    return Object.keys(operations).filter((route) => ![...(this.statuses.get(route)?.keys() ?? [])].some((status) => status < 300));
  }
}

describe(`a run of ${steps} random writes by ${clients} clients at once, seed ${seed}`, () => {
  let app: TestApp;
  let world: World;
  let documented: Documented;
  const tally = new Tally();
  const broken: Json[] = [];
  beforeAll(async () => {
    const crowded = (config: Config): Config => ({ ...config, orders: { unpaidTtlS: 3 }, database: { ...config.database, poolSize: 20 } });
    app = await startTestApp({ config: crowded });
    world = await createWorld(app);
    documented = await documentedWrites(app);
  }, 120_000);
  afterAll(() => app.close());

  const weights = Object.fromEntries(Object.entries(operations).map(([route, [weight]]) => [route, weight]));
  /** Beside the clients: the worker, the views that are written, and an eye on the rules, which hold at every moment. */
  const watch = async (): Promise<void> => {
    await app.resolve<OrderExpiryJob>(OrderExpiryJob).run(new AbortController().signal);
    await app.resolve<PostViews>(PostViews).flush();
    broken.push(...(await violations(app)));
  };

  const client = async (n: number): Promise<void> => {
    const chance = new Chance(seed + n);
    const turn: Turn = { app, world, chance };
    for (let step = 0; step < steps / clients; step += 1) {
      const route = chance.weighted(weights);
      tally.add(route, (await operations[route]![1](turn)).status);
      if (chance.is(0.2)) tally.add('reading', (await chance.pick(readers, readers[0]!)(turn)).status);
      if (n === 0 && step % 10 === 0) await watch();
    }
  };

  it('has an operation for every route that writes', () => {
    expect(Object.keys(operations).toSorted()).toEqual(Object.keys(documented).toSorted());
  });

  it('breaks no rule, neither on the way nor at the end, and is never answered with a 5xx or an undocumented status', async () => {
    await Promise.all(Array.from({ length: clients }, (_, n) => client(n)));
    await watch();
    expect(broken).toEqual([]);
    expect(tally.undocumented({ ...documented, reading: [200, 404] })).toEqual([]);
  }, 300_000);

  it('succeeds with every operation at least once', () => {
    expect(tally.unsuccessful()).toEqual([]);
  });

  it('makes one order at most of each idempotency key', async () => {
    const notes = [...world.keys.keys()];
    const rows = await app.query<{ notes: string; orders: number }>(
      'SELECT notes, count(*) AS orders FROM orders WHERE notes = ANY ($1) GROUP BY notes',
      [notes],
    );
    expect(rows.filter(({ orders }) => orders !== 1)).toEqual([]);
    expect(rows.length).toBeGreaterThan(20);
  });

  it('has sold, returned, run low, refunded and expired', async () => {
    const [seen] = await app.query(
      `
      SELECT count(*) FILTER (WHERE event_type = 'order.placed') > 100 AS sold,
             count(*) FILTER (WHERE payload ->> 'to' = 'cancelled') > 10 AS returned,
             count(*) FILTER (WHERE event_type = 'product.stock_low') > 3 AS ran_low,
             count(*) FILTER (WHERE payload ->> 'to' = 'refunded') > 3 AS refunded,
             (SELECT count(*) FROM order_events WHERE to_value = 'cancelled' AND actor_id IS NULL AND created_at >= $1) > 3 AS expired
        FROM outbox`,
      [app.startedAt],
    );
    expect(seen).toEqual({ sold: true, returned: true, ran_low: true, refunded: true, expired: true });
  });
});
