import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Client } from 'pg';
import type { StoredEvent } from '../src/events/event-catalogue.js';
import { QueueFigures } from '../src/events/queue-figures.js';
import { startTestApp, type Json, type TestApp } from './app.harness.js';
import { newUser, placeOrder } from './checkout.fixture.js';
import { startEventsApp, startWorker, stopWorker, stopWorkers, subscribersOf, until, writeEvents } from './events.fixture.js';

/** Told of everything, and failing as it is told to. */
class Listener {
  readonly events: StoredEvent[] = [];
  fails: (event: StoredEvent) => boolean = () => false;

  constructor(app: TestApp | NestFastifyApplication) {
    subscribersOf(app).subscribe('*', (event) => {
      this.events.push(event);
      if (this.fails(event)) throw new Error(`no use for ${event.id}\u0000`);
    });
  }

  countsOf = (aggregateId: number): number[] =>
    this.events.filter((event) => event.aggregateId === aggregateId).map((event) => stockOf(event));
}

const stockOf = ({ payload }: StoredEvent): number => ('stock_quantity' in payload ? payload.stock_quantity : -1);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);
const waiting = async (app: TestApp): Promise<number> =>
  (await app.query<{ count: number }>('SELECT count(*) FROM outbox WHERE delivered_at IS NULL AND dead_at IS NULL'))[0]!.count;
const rowsOf = (app: TestApp, aggregateId: number): Promise<Json[]> =>
  app.query(
    'SELECT attempts, last_error, delivered_at IS NOT NULL AS delivered, dead_at IS NOT NULL AS dead FROM outbox WHERE aggregate_id = $1 ORDER BY id',
    [aggregateId],
  );

describe('the dispatcher', () => {
  let app: TestApp;
  let listener: Listener;
  beforeAll(async () => {
    app = await startEventsApp({ config: (config) => ({ ...config, events: { ...config.events, maxAttempts: 4 } }) });
    listener = new Listener(app);
  });
  afterAll(() => app.close());
  beforeEach(() => {
    listener.events.length = 0;
    listener.fails = () => false;
  });
  const drained = (): Promise<number> =>
    until(
      () => waiting(app),
      (count) => count === 0,
    );

  it('tells each event once, in the order of its aggregate, and notes when', async () => {
    await Promise.all([writeEvents(app, 1, 40), writeEvents(app, 2, 40), writeEvents(app, 3, 40)]);
    await drained();
    for (const aggregate of [1, 2, 3]) expect([aggregate, listener.countsOf(aggregate)]).toEqual([aggregate, upTo(40)]);
    expect(listener.events.filter((event) => event.aggregateId === 1)[0]).toEqual({
      id: expect.any(Number),
      aggregateType: 'product',
      aggregateId: 1,
      eventType: 'product.stock_low',
      payload: { product_id: 1, stock_quantity: 1 },
      createdAt: expect.any(Date),
      attempts: 0,
    });
    expect(await rowsOf(app, 1)).toEqual(upTo(40).map(() => ({ attempts: 1, last_error: null, delivered: true, dead: false })));
  });

  it('skips none whose transaction began earlier and ends later', async () => {
    const early = new Client({ connectionString: app.url });
    await early.connect();
    await early.query('BEGIN');
    await early.query(`INSERT INTO outbox (aggregate_type, aggregate_id, event_type, payload) VALUES ('product', 10, 'product.stock_low', '{"stock_quantity": 1}')`);
    await writeEvents(app, 11, 3);
    await until(() => listener.countsOf(11), (counts) => counts.length === 3);
    expect(listener.countsOf(10)).toEqual([]);
    await early.query('COMMIT');
    await early.end();
    await drained();
    const ids = listener.events.map((event) => event.id);
    expect([listener.countsOf(10), ids.at(-1)]).toEqual([[1], Math.min(...ids)]);
  }); // prettier-ignore

  it('tells nothing of what was rolled back', async () => {
    const client = new Client({ connectionString: app.url });
    await client.connect();
    await client.query('BEGIN');
    await client.query(
      `INSERT INTO outbox (aggregate_type, aggregate_id, event_type, payload) VALUES ('product', 12, 'product.stock_low', '{}')`,
    );
    await client.query('ROLLBACK');
    await client.end();
    await writeEvents(app, 13, 1);
    await drained();
    expect(listener.events.map((event) => event.aggregateId)).toEqual([13]);
  });

  it('holds back the later events of an aggregate that failed, and no others', async () => {
    let failures = 0;
    listener.fails = (event) => event.aggregateId === 20 && stockOf(event) === 2 && (failures += 1) <= 3;
    await writeEvents(app, 20, 4);
    await writeEvents(app, 21, 4);
    await drained();
    expect(listener.countsOf(20)).toEqual([1, 2, 2, 2, 2, 3, 4]);
    expect(listener.countsOf(21)).toEqual(upTo(4));
    expect(await rowsOf(app, 20)).toEqual([
      { attempts: 1, last_error: null, delivered: true, dead: false },
      { attempts: 4, last_error: expect.stringMatching(/^no use for \d+ $/), delivered: true, dead: false },
      { attempts: 1, last_error: null, delivered: true, dead: false },
      { attempts: 1, last_error: null, delivered: true, dead: false },
    ]);
    expect(listener.events.filter((event) => stockOf(event) === 2 && event.aggregateId === 20).map((event) => event.attempts)).toEqual([
      0, 1, 2, 3,
    ]);
  });

  it('gives up an event that always fails, keeps it, and goes on', async () => {
    listener.fails = (event) => event.aggregateId === 30 && stockOf(event) === 1;
    await writeEvents(app, 30, 3);
    await drained();
    expect(listener.countsOf(30)).toEqual([1, 1, 1, 1, 2, 3]);
    expect((await rowsOf(app, 30))[0]).toEqual({
      attempts: 4,
      last_error: expect.stringContaining('no use for'),
      delivered: false,
      dead: true,
    });
    await app.resolve<QueueFigures>(QueueFigures).refresh();
    const { text } = await app.get('/metrics');
    expect(text).toMatch(/^techmart_events_dead\{queue="outbox"\} 1$/m);
    expect(text).toMatch(/^techmart_outbox_dispatched_total\{outcome="dead"\} 1$/m);
    expect(text).toMatch(/^techmart_outbox_dispatched_total\{outcome="failed"\} [1-9]/m);
  });

  it('is woken by a commit: nobody waits for its next look', async () => {
    const sleepy = await startEventsApp({ config: (config) => ({ ...config, events: { ...config.events, pollMs: 60_000 } }) });
    const told = new Listener(sleepy);
    const seller = await newUser(sleepy, 'seller');
    const product = { name: 'Lamp', sku: 'L-1', price: 5, stock_quantity: 20, category_id: 1 };
    const { body } = await sleepy.post('/products', product, { as: seller.token });
    await until(() => told.events.length, (count) => count === 1);
    const buyer = await newUser(sleepy);
    const order = await placeOrder(sleepy, buyer, [[body['id'], 1]]);
    await until(() => told.events.length, (count) => count === 2);
    await sleepy.post(`/orders/${order.body['id']}/cancel`, undefined, { as: buyer.token });
    await until(() => told.events.length, (count) => count === 3);
    expect(told.events.map((event) => event.eventType)).toEqual(['product.changed', 'order.placed', 'order.status_changed']);
    await sleepy.close();
  }); // prettier-ignore

  it('shows the depth of its queue and the age of the oldest event, also where no worker runs', async () => {
    const idle = await startTestApp({ seeded: false });
    await writeEvents(idle, 1, 3);
    await idle.query(`UPDATE outbox SET created_at = created_at - interval '1 hour' WHERE id = (SELECT min(id) FROM outbox)`);
    await idle.resolve<QueueFigures>(QueueFigures).refresh();
    const { text } = await idle.get('/metrics');
    expect(text).toMatch(/^techmart_events_waiting\{queue="outbox"\} 3$/m);
    expect(Number(/^techmart_events_oldest_age_seconds\{queue="outbox"\} (\S+)$/m.exec(text)?.[1])).toBeGreaterThanOrEqual(3600);
    await idle.close();
  });
});

describe('a subscriber that hangs', () => {
  it('delays its own aggregate alone, until its time is up', async () => {
    const app = await startEventsApp({
      config: (config) => ({ ...config, events: { ...config.events, subscriberTimeoutMs: 2000, maxAttempts: 1 } }),
    });
    const told: string[] = [];
    const signals: AbortSignal[] = [];
    subscribersOf(app).subscribe('product.stock_low', ({ aggregateId, payload }, signal) => {
      told.push(`${aggregateId}:${payload.stock_quantity}`);
      if (aggregateId !== 1 || payload.stock_quantity !== 1) return undefined;
      signals.push(signal);
      return new Promise<void>(() => undefined);
    });
    await writeEvents(app, 1, 2);
    await writeEvents(app, 2, 2);
    await until(() => told.length, (count) => count === 4);
    expect(told.slice(1)).toEqual(['2:1', '2:2', '1:2']);
    expect(signals.map((signal) => signal.aborted)).toEqual([true]);
    expect(await rowsOf(app, 1)).toMatchObject([{ dead: true, last_error: 'a subscriber took longer than 2000 ms' }, {}]);
    await app.close();
  }); // prettier-ignore
});

describe('two workers', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startEventsApp({ role: 'api' });
  });
  afterEach(stopWorkers);
  afterAll(() => app.close());

  it('tell each event once between them, in order, also when the one that works stops', async () => {
    const workers = [await startWorker(app), await startWorker(app)];
    const listeners = workers.map((worker) => new Listener(worker));
    const told = (): StoredEvent[] => listeners.flatMap((listener) => listener.events);
    await writeEvents(app, 1, 20);
    await until(() => told().length, (count) => count === 20);
    const working = listeners.findIndex((listener) => listener.events.length > 0);
    expect(listeners[1 - working]?.events).toEqual([]);
    const writing = writeEvents(app, 1, 60, 21);
    await stopWorker(workers[working]);
    await writing;
    await until(() => waiting(app), (count) => count === 0);
    const [before = [], after = []] = [listeners[working]?.countsOf(1), listeners[1 - working]?.countsOf(1)];
    expect([...before, ...after]).toEqual(upTo(80));
    expect(after.length).toBeGreaterThan(0);
  }, 60_000); // prettier-ignore

  it('leave what a killed one has taken to the other, in order', async () => {
    const zombie = await startWorker(app);
    let taken = 0;
    subscribersOf(zombie).subscribe('*', () => {
      taken += 1;
      return new Promise<void>(() => undefined);
    });
    await writeEvents(app, 2, 5);
    await until(
      () => taken,
      (count) => count === 1,
    );
    const listener = new Listener(await startWorker(app));
    // It neither answers nor asks for the lease any more: what the others see of a killed process.
    const [lease] = await app.query<{ holder: string }>(`SELECT holder FROM job_leases WHERE name = 'events'`);
    await app.query(`CREATE FUNCTION bury() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$`);
    await app.query(`
      CREATE TRIGGER bury BEFORE INSERT OR UPDATE ON job_leases FOR EACH ROW WHEN (NEW.holder = '${lease?.holder}') EXECUTE FUNCTION bury()`);
    await app.query(`UPDATE job_leases SET holder = 'gone', expires_at = now() WHERE name = 'events'`);
    await until(() => listener.countsOf(2), (counts) => counts.length === 5);
    expect(listener.countsOf(2)).toEqual(upTo(5));
  }, 60_000); // prettier-ignore
});
