import { QueueFigures } from '../src/events/queue-figures.js';
import type { Json, TestApp } from './app.harness.js';
import { newProduct, newUser, placeOrder, type Shopper } from './checkout.fixture.js';
import {
  answering,
  countsOf,
  hanging,
  isGenuine,
  newAdmin,
  newWebhook,
  Receiver,
  startEventsApp,
  until,
  writeEvents,
  type Received,
} from './events.fixture.js';

describe('delivery to webhooks', () => {
  let app: TestApp;
  let admin: Shopper;
  let receiver: Receiver;
  let aggregate = 0;
  beforeAll(async () => {
    app = await startEventsApp({
      config: (config) => ({ ...config, webhooks: { ...config.webhooks, maxAttempts: 4, timeoutMs: 60_000 } }),
    });
    admin = await newAdmin(app);
    receiver = await Receiver.start();
  });
  afterAll(async () => {
    await receiver.stop();
    await app.close();
  });
  afterEach(() => app.query('DELETE FROM webhooks'));

  /** A thing that no other test writes about. */
  const thing = (): number => (aggregate += 1);
  const deliveries = async ({ id }: Json, query = ''): Promise<Json[]> =>
    (await app.get(`/webhooks/${id}/deliveries?page_size=100${query}`, { as: admin.token })).body['deliveries'];
  const settled = (webhook: Json, count: number): Promise<Json[]> =>
    until(() => deliveries(webhook), (rows) => rows.length === count && rows.every((row) => row['status'] !== 'pending')); // prettier-ignore

  it('sends what was asked for, signed, from the creation of the webhook on', async () => {
    const id = thing();
    await writeEvents(app, id, 1, 50);
    const webhook = await newWebhook(app, admin, receiver.url('/all'));
    const orders = await newWebhook(app, admin, receiver.url('/orders'), ['order.*']);
    await writeEvents(app, id, 3);
    const buyer = await newUser(app);
    const order = await placeOrder(app, buyer, [[await newProduct(app), 1]]);
    await settled(webhook, 4);
    await settled(orders, 1);
    expect(countsOf(receiver.at('/all'), id)).toEqual([1, 2, 3]);
    const [placed] = receiver.at('/orders');
    const row = (await app.query('SELECT id, created_at FROM outbox WHERE event_type = $1', ['order.placed']))[0]!;
    expect(placed?.body).toEqual({
      id: `evt_${row['id']}`,
      type: 'order.placed',
      timestamp: row['created_at'].toISOString(),
      data: expect.objectContaining({ order_id: order.body['id'], user_id: buyer.id, total_amount: 10 }),
    });
    expect(placed?.headers).toMatchObject({ 'content-type': 'application/json', 'webhook-id': `evt_${row['id']}` });
    expect(receiver.at('/all').filter((request) => isGenuine(request, webhook['secret']))).toHaveLength(4);
    expect([isGenuine(placed!, orders['secret']), isGenuine(placed!, webhook['secret'])]).toEqual([true, false]);
    const forged: Received = { ...placed!, text: placed!.text.replace('10', '11') };
    const late: Received = {
      ...placed!,
      headers: { ...placed!.headers, 'webhook-timestamp': String(Number(placed!.headers['webhook-timestamp']) - 600) },
    };
    expect([isGenuine(forged, orders['secret']), isGenuine(late, orders['secret'])]).toEqual([false, false]);
  });

  it('gives up after the last attempt, goes on with the rest, and delivers a dead letter when it is replayed', async () => {
    const [id, other] = [thing(), thing()];
    const webhook = await newWebhook(app, admin, receiver.url('/poison'), ['product.stock_low']);
    receiver.answer('/poison', (request, response) => {
      const isPoison = request.body['data'].product_id === id && request.body['data'].stock_quantity === 1;
      answering(isPoison ? 422 : 200)(request, response);
    });
    await writeEvents(app, id, 3);
    await writeEvents(app, other, 2);
    const rows = await settled(webhook, 5);
    expect(rows.map((row) => row['status']).toSorted()).toEqual(['dead', 'delivered', 'delivered', 'delivered', 'delivered']);
    expect(countsOf(receiver.at('/poison'), id)).toEqual([1, 1, 1, 1, 2, 3]);
    expect(countsOf(receiver.at('/poison'), other)).toEqual([1, 2]);
    const [dead] = await deliveries(webhook, '&status=dead');
    expect(dead).toMatchObject({ attempts: 4, last_status: 422, last_error: 'answered 422', next_attempt_at: null, delivered_at: null });
    await app.resolve<QueueFigures>(QueueFigures).refresh();
    const { text } = await app.get('/metrics');
    expect(text).toMatch(/^techmart_events_dead\{queue="webhooks"\} 1$/m);
    for (const outcome of ['delivered', 'failed', 'dead']) {
      expect(text).toMatch(new RegExp(`^techmart_webhook_deliveries_total\\{outcome="${outcome}"\\} [1-9]`, 'm'));
    }
    receiver.answer('/poison');
    expect((await app.post(`/webhooks/deliveries/${dead?.['id']}/replay`, undefined, { as: admin.token })).status).toBe(200);
    await settled(webhook, 5);
    expect(countsOf(receiver.at('/poison'), id)).toEqual([1, 1, 1, 1, 2, 3, 1]);
    expect((await deliveries(webhook, '&status=delivered')).find((row) => row['id'] === dead?.['id'])).toMatchObject({
      attempts: 1,
      last_error: null,
    });
  });

  it('keeps a receiver that hangs from delaying others, and asks it with few requests at once', async () => {
    const slow = await startEventsApp({
      config: (config) => ({ ...config, webhooks: { ...config.webhooks, concurrency: 8, timeoutMs: 60_000 } }),
    });
    const owner = await newAdmin(slow);
    const hung = await Receiver.start();
    hung.answer('/hung', hanging);
    await newWebhook(slow, owner, hung.url('/hung'));
    await newWebhook(slow, owner, receiver.url('/well'));
    for (let id = 1; id <= 40; id += 1) await writeEvents(slow, id, 1);
    await until(() => receiver.at('/well'), (requests) => requests.length === 40); // prettier-ignore
    expect(hung.requests).toHaveLength(4);
    await hung.stop();
    await slow.close();
  });

  it('does not follow a redirect, which counts as a failure', async () => {
    const webhook = await newWebhook(app, admin, receiver.url('/moved'));
    receiver.answer('/moved', answering(302, { location: receiver.url('/elsewhere') }));
    await writeEvents(app, thing(), 1);
    expect(await settled(webhook, 1)).toMatchObject([{ status: 'dead', attempts: 4, last_status: 302, last_error: 'answered 302' }]);
    expect(receiver.at('/elsewhere')).toEqual([]);
  });

  it('reads a little of an endless answer, and counts its status', async () => {
    const webhook = await newWebhook(app, admin, receiver.url('/endless'));
    const cut = new Promise<void>((resolve) => {
      receiver.answer('/endless', (_request, response) => {
        const timer = setInterval(() => response.write('x'.repeat(65_536)), 5);
        response.on('close', () => {
          clearInterval(timer);
          resolve();
        });
      });
    });
    await writeEvents(app, thing(), 1);
    expect(await settled(webhook, 1)).toMatchObject([{ status: 'delivered', attempts: 1, last_status: 200 }]);
    await cut;
  });

  it('connects to no private address, whatever was allowed when the webhook was made', async () => {
    const closed = await startEventsApp({
      config: (config) => ({ ...config, webhooks: { ...config.webhooks, privateNetworks: [], maxAttempts: 1 } }),
    });
    await closed.query(`INSERT INTO webhooks (url, secret, event_types) VALUES ($1, 'whsec_', '{*}'), ($2, 'whsec_', '{*}')`, [
      receiver.url('/inside'),
      receiver.url('/inside').replace('127.0.0.1', 'localhost'),
    ]);
    await writeEvents(closed, 1, 1);
    const failed = await until(() => closed.query(`SELECT last_error FROM webhook_deliveries WHERE status = 'dead'`), (rows) => rows.length === 2); // prettier-ignore
    expect(failed).toEqual([{ last_error: 'the address is not a public one' }, { last_error: 'the address is not a public one' }]);
    expect(receiver.at('/inside')).toEqual([]);
    await closed.close();
  });

  it('drops what is left when the webhook is deleted, also under way', async () => {
    const webhook = await newWebhook(app, admin, receiver.url('/deleted'));
    receiver.answer('/deleted', hanging);
    const id = thing();
    await writeEvents(app, id, 2);
    await until(() => receiver.at('/deleted').length, (count) => count === 1); // prettier-ignore
    expect((await app.delete(`/webhooks/${webhook['id']}`, { as: admin.token })).status).toBe(204);
    const after = await newWebhook(app, admin, receiver.url('/after'));
    await writeEvents(app, id, 1, 3);
    await settled(after, 1);
    expect(receiver.at('/deleted')).toHaveLength(1);
  });
});
