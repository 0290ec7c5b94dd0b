import { DeliveriesRepository, type ClaimedDelivery, type DeliveryOutcome } from '../src/events/webhooks/deliveries.repository.js';
import { OutboxRepository } from '../src/events/outbox.repository.js';
import type { TestApp } from './app.harness.js';
import { newAdmin, newWebhook, startEventsApp, writeEvents } from './events.fixture.js';

describe('the queue of deliveries', () => {
  let app: TestApp;
  let queue: DeliveriesRepository;
  let webhooks: number[];
  beforeAll(async () => {
    app = await startEventsApp({ role: 'api' });
    queue = app.resolve<DeliveriesRepository>(DeliveriesRepository);
    const admin = await newAdmin(app);
    webhooks = [];
    for (let index = 0; index < 3; index += 1) webhooks.push((await newWebhook(app, admin, 'http://127.0.0.1:9/'))['id']);
  });
  afterAll(() => app.close());
  beforeEach(() => app.query('TRUNCATE webhook_deliveries, outbox'));

  const fanOut = () => app.resolve<OutboxRepository>(OutboxRepository).takeDue([], 1000);
  const claim = (limit = 100, slots: [number, number][] = [], claimMs = 60_000): Promise<ClaimedDelivery[]> =>
    queue.claim({ limit, perWebhook: 4, slots: new Map(slots), claimMs });
  const end = (delivery: ClaimedDelivery, outcome: Partial<DeliveryOutcome> = {}): Promise<void> =>
    queue.record([
      { id: delivery.id, attempt: delivery.attempt, status: 'delivered', retryInMs: null, answered: 200, error: null, ...outcome },
    ]);
  const perWebhook = (claimed: readonly ClaimedDelivery[]): number[] =>
    webhooks.map((id) => claimed.filter(({ webhookId }) => webhookId === id).length);
  const isFree = async ({ id }: ClaimedDelivery): Promise<boolean> => (await claim()).some((claimed) => claimed.id === id);

  it('gets nothing of what happened before the webhook was made, though it is taken later', async () => {
    await writeEvents(app, 1, 1);
    await app.query(`UPDATE outbox SET created_at = created_at - interval '1 day'`);
    await writeEvents(app, 1, 1, 2);
    expect((await fanOut()).deliveries).toBe(3);
    const queued = await app.query('SELECT DISTINCT payload FROM webhook_deliveries d JOIN outbox o ON o.id = d.outbox_id');
    expect(queued).toEqual([{ payload: { product_id: 1, stock_quantity: 2 } }]);
  });

  it('is filled once for each event and webhook, however often an event is taken', async () => {
    await writeEvents(app, 1, 2);
    expect((await fanOut()).deliveries).toBe(6);
    expect((await fanOut()).deliveries).toBe(0);
    expect(await app.query('SELECT count(*) FROM webhook_deliveries')).toEqual([{ count: 6 }]);
  });

  it('gives each delivery to one of several workers that ask at once', async () => {
    for (let id = 1; id <= 20; id += 1) await writeEvents(app, id, 1);
    await fanOut();
    const claims = await Promise.all(Array.from({ length: 8 }, () => claim(6)));
    const ids = claims.flat().map(({ id }) => id);
    expect([ids.length > 0, new Set(ids).size]).toEqual([true, ids.length]);
  });

  it('gives a few of each webhook, and no more of a busy one than it may have', async () => {
    for (let id = 1; id <= 10; id += 1) await writeEvents(app, id, 1);
    await fanOut();
    const [busy = 0, failing = 0] = webhooks;
    expect(perWebhook(await claim(100, [[busy, 0], [failing, 1]]))).toEqual([0, 1, 4]); // prettier-ignore
  });

  it('serves the webhooks in turn when there is little room', async () => {
    for (let id = 1; id <= 10; id += 1) await writeEvents(app, id, 1);
    await fanOut();
    await app.query(`UPDATE webhook_deliveries SET next_attempt_at = now() - interval '1 day' WHERE webhook_id = $1`, [webhooks[0]]);
    expect(perWebhook(await claim(3))).toEqual([1, 1, 1]);
  });

  it('gives nothing of an aggregate while an earlier delivery of it is under way or waits', async () => {
    await writeEvents(app, 1, 3);
    await fanOut();
    const [first] = await claim(1, webhooks.slice(1).map((id) => [id, 0])); // prettier-ignore
    const rest = (): Promise<ClaimedDelivery[]> => claim(100, webhooks.slice(1).map((id) => [id, 0])); // prettier-ignore
    expect(await rest()).toEqual([]);
    await end(first!, { status: 'pending', retryInMs: 60_000, answered: 500, error: 'answered 500' });
    expect(await rest()).toEqual([]);
    await app.query('UPDATE webhook_deliveries SET next_attempt_at = now() WHERE id = $1', [first!.id]);
    const [again] = await rest();
    expect(again).toMatchObject({ id: first!.id, attempt: 2 });
    await end(again!);
    expect((await rest()).map(({ eventId }) => eventId)).toEqual([first!.eventId + 1]);
  });

  it('gives a claim that ran out to somebody else, and hears no more of the first one', async () => {
    await writeEvents(app, 1, 1);
    await fanOut();
    const [lost] = await claim(1, [], 0);
    const [taken] = await claim(1, webhooks.filter((id) => id !== lost!.webhookId).map((id) => [id, 0])); // prettier-ignore
    expect(taken).toMatchObject({ id: lost!.id, attempt: 2 });
    await end(lost!, { status: 'dead', error: 'too late' });
    const state = async () => (await app.query('SELECT status, last_error FROM webhook_deliveries WHERE id = $1', [lost!.id]))[0];
    expect(await state()).toEqual({ status: 'pending', last_error: null });
    await end(taken!);
    expect(await state()).toEqual({ status: 'delivered', last_error: null });
    await end(taken!, { status: 'dead', error: 'too late' });
    expect(await state()).toEqual({ status: 'delivered', last_error: null });
  });

  it('keeps what a webhook that is switched off has to get', async () => {
    await writeEvents(app, 1, 1);
    await fanOut();
    await app.query('UPDATE webhooks SET is_active = false WHERE id = $1', [webhooks[0]]);
    expect(perWebhook(await claim())).toEqual([0, 1, 1]);
    await writeEvents(app, 2, 1);
    expect((await fanOut()).deliveries).toBe(2);
    await app.query('UPDATE webhooks SET is_active = true WHERE id = $1', [webhooks[0]]);
    const [kept] = await app.query<ClaimedDelivery & { id: number }>('SELECT id FROM webhook_deliveries WHERE webhook_id = $1', [
      webhooks[0],
    ]);
    expect(await isFree(kept!)).toBe(true);
  });
});

describe('the queue of events', () => {
  let app: TestApp;
  let outbox: OutboxRepository;
  beforeAll(async () => {
    app = await startEventsApp({ role: 'api' });
    outbox = app.resolve<OutboxRepository>(OutboxRepository);
  });
  afterAll(() => app.close());
  beforeEach(() => app.query('TRUNCATE webhook_deliveries, outbox'));

  const take = async (busy: string[] = [], limit = 100): Promise<number[]> =>
    (await outbox.takeDue(busy, limit)).events.map((event) => event.id);
  const idsOf = async (aggregateId: number): Promise<number[]> =>
    (await app.query<{ id: number }>('SELECT id FROM outbox WHERE aggregate_id = $1 ORDER BY id', [aggregateId])).map(({ id }) => id);

  it('is taken in order, without the busy aggregates', async () => {
    await writeEvents(app, 1, 2);
    await writeEvents(app, 2, 2);
    await writeEvents(app, 1, 1);
    const [ones, twos] = [await idsOf(1), await idsOf(2)];
    expect(await take()).toEqual([...ones, ...twos].toSorted((a, b) => a - b));
    expect(await take(['product:1', 'order:2'])).toEqual(twos);
    expect(await take([], 3)).toEqual([...ones.slice(0, 2), twos[0]]);
  });

  it('leaves an aggregate alone until the wait of its failed event is over, and then begins with that one', async () => {
    await writeEvents(app, 1, 3);
    await writeEvents(app, 2, 1);
    const [first = 0, second = 0, third = 0] = await idsOf(1);
    await outbox.record([
      { id: first, error: null, retryInMs: null },
      { id: second, error: 'no', retryInMs: 60_000 },
    ]);
    expect(await take()).toEqual(await idsOf(2));
    const [{ wait }] = (await app.query('SELECT next_attempt_at - now() AS wait FROM outbox WHERE id = $1', [second])) as [
      { wait: { seconds: number } },
    ];
    expect(wait.seconds).toBeGreaterThan(30);
    await app.query('UPDATE outbox SET next_attempt_at = now() WHERE id = $1', [second]);
    expect(await take()).toEqual([second, third, ...(await idsOf(2))]);
    await outbox.record([{ id: second, error: 'no', retryInMs: null }]);
    expect(await take()).toEqual([third, ...(await idsOf(2))]);
  });

  it('hears nothing of an event that another worker has ended', async () => {
    await writeEvents(app, 1, 1);
    const [id = 0] = await idsOf(1);
    await outbox.record([{ id, error: null, retryInMs: null }]);
    await outbox.record([{ id, error: 'too late', retryInMs: null }]);
    expect(await app.query('SELECT attempts, last_error, dead_at FROM outbox')).toEqual([{ attempts: 1, last_error: null, dead_at: null }]);
  });
});
