import { OrderExpiryJob } from '../src/orders/order-expiry.job.js';
import { startTestApp, type Answer, type Json, type TestApp } from './app.harness.js';
import { budgetOf, newProduct, newUser, newUsers, placeOrder, stockOf, type Shopper } from './checkout.fixture.js';
import { expectSoundBooks } from './invariants.fixture.js';

const problem = (code: string): string => `https://techmart.dev/problems/${code}`;
const ids = (answer: Answer): number[] => answer.body['orders'].map((order: Json) => order['id']);

describe('orders', () => {
  let app: TestApp;
  let admin: Shopper;
  beforeAll(async () => {
    app = await startTestApp();
    admin = await newUser(app, 'admin');
  });
  afterAll(() => app.close());
  afterEach(() => expectSoundBooks(app));

  const setStatus = (as: Shopper, id: number, status: string) => app.patch(`/orders/${id}/status`, { status }, { as: as.token });
  const setPayment = (as: Shopper, id: number, payment_status: string) =>
    app.patch(`/orders/${id}/payment`, { payment_status }, { as: as.token });
  const cancel = (as: Shopper, id: number) => app.post(`/orders/${id}/cancel`, undefined, { as: as.token });
  const expireOrders = (signal = new AbortController().signal) => app.resolve<OrderExpiryJob>(OrderExpiryJob).run(signal);
  const bought = async (buyer: Shopper, ...products: number[]): Promise<number> => {
    const answer = await placeOrder(
      app,
      buyer,
      products.map((product) => [product, 2] as const),
    );
    return answer.body['id'];
  };

  it('lists the own ones newest first, by page, by cursor and by status', async () => {
    const buyer = await newUser(app);
    const product = await newProduct(app);
    const placed: number[] = [];
    for (let i = 0; i < 5; i += 1) placed.push(await bought(buyer, product));
    await app.query('UPDATE orders SET created_at = (SELECT max(created_at) FROM orders) WHERE user_id = $1', [buyer.id]);
    await cancel(buyer, placed[1]!);
    const newest = placed.toReversed();
    const list = (query: string) => app.get(`/orders?${query}`, { as: buyer.token });
    const first = await list('page_size=2');
    expect([ids(first), first.body['pagination']]).toEqual([
      newest.slice(0, 2),
      { page: 1, page_size: 2, total_count: 5, total_pages: 3, next_cursor: expect.any(String) },
    ]);
    const second = await list(`page_size=2&cursor=${first.body['pagination'].next_cursor}`);
    expect([ids(second), second.body['pagination'].page]).toEqual([newest.slice(2, 4), null]);
    const last = await list(`page_size=2&cursor=${second.body['pagination'].next_cursor}`);
    expect([ids(last), last.body['pagination'].next_cursor]).toEqual([newest.slice(4), null]);
    expect(ids(await list('page_size=2&page=3'))).toEqual(newest.slice(4));
    const beyond = await list('page=9');
    expect([ids(beyond), beyond.body['pagination'].total_count]).toEqual([[], 5]);
    expect(ids(await list('status=cancelled'))).toEqual([placed[1]]);
    expect(first.body['orders'][0].items).toMatchObject([{ product_id: product, quantity: 2 }]);
    expect(first.body['orders'][0]).not.toHaveProperty('position');
  });

  it('pages by microsecond: orders of one millisecond are neither lost nor seen twice', async () => {
    const buyer = await newUser(app);
    const product = await newProduct(app);
    for (let i = 0; i < 6; i += 1) await bought(buyer, product);
    const moment = `UPDATE orders SET created_at = '2026-01-01T00:00:00.000100Z'::timestamptz + (id % 3) * interval '1 microsecond' WHERE user_id = $1`;
    await app.query(moment, [buyer.id]);
    const seen: number[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const answer: Answer = await app.get(`/orders?page_size=1${cursor && `&cursor=${cursor}`}`, { as: buyer.token });
      seen.push(...ids(answer));
      cursor = answer.body['pagination'].next_cursor;
    }
    const expected = await app.query('SELECT id FROM orders WHERE user_id = $1 ORDER BY created_at DESC, id DESC', [buyer.id]);
    expect(seen).toEqual(expected.map((row) => row['id']));
  });

  it.each([
    ['a foreign cursor', `cursor=${Buffer.from('["all-orders",1,1]').toString('base64url')}`],
    ['a cursor of other values', `cursor=${Buffer.from('["own-orders","1\' OR 1=1",1]').toString('base64url')}`],
    ['a cursor too short', `cursor=${Buffer.from('["own-orders",1]').toString('base64url')}`],
    ['an unknown status', 'status=lost'],
    ['a page too deep', 'page=501'],
  ])('refuses %s with 400', async (_, query) => {
    const buyer = await newUser(app);
    expect((await app.get(`/orders?${query}`, { as: buyer.token })).status).toBe(400);
  });

  it('shows, cancels and lists nobody else’s', async () => {
    const [anna, ben] = await newUsers(app, 2);
    const seller = await newUser(app, 'seller');
    const id = await bought(anna!, await newProduct(app));
    expect((await app.get(`/orders/${id}`, { as: anna!.token })).status).toBe(200);
    for (const stranger of [ben!, seller, admin]) {
      expect((await app.get(`/orders/${id}`, { as: stranger.token })).body['type']).toBe(problem('order-not-found'));
      expect((await cancel(stranger, id)).status).toBe(404);
      expect(ids(await app.get('/orders', { as: stranger.token }))).toEqual([]);
    }
    expect((await setStatus(seller, id, 'processing')).status).toBe(404);
    for (const customer of [anna!, ben!]) {
      expect((await app.get('/orders/all', { as: customer.token })).status).toBe(403);
      expect((await setStatus(customer, id, 'processing')).status).toBe(403);
      expect((await setPayment(customer, id, 'paid')).status).toBe(403);
    }
    expect((await setPayment(seller, id, 'paid')).status).toBe(403);
    expect((await app.get(`/orders/${id}`)).status).toBe(401);
    expect((await app.get(`/orders/${id}`, { as: anna!.token })).body['history']).toHaveLength(1);
  });

  it('shows a seller own items and their sum, and lets them move an order that is all theirs', async () => {
    const [one, other] = await newUsers(app, 2, 'seller');
    const buyer = await newUser(app);
    const mine = await newProduct(app, { seller: one!, price: 0.1 });
    const theirs = await newProduct(app, { seller: other!, price: 5 });
    const house = await newProduct(app, { price: 7 });
    const own = await bought(buyer, mine);
    const mixed = await bought(buyer, mine, theirs, house);
    const listed = await app.get('/orders/all', { as: one!.token });
    expect([ids(listed), listed.body['pagination'].total_count]).toEqual([[mixed, own], 2]);
    expect(listed.body['orders'][0]).toMatchObject({ total_amount: 0.2, items: [{ product_id: mine, quantity: 2, total_price: 0.2 }] });
    expect(ids(await app.get('/orders/all', { as: other!.token }))).toEqual([mixed]);
    const all = await app.get('/orders/all?page_size=2', { as: admin.token });
    expect([ids(all), all.body['orders'][0].total_amount]).toEqual([[mixed, own], 24.2]);

    expect((await setStatus(one!, own, 'processing')).body).toMatchObject({ status: 'processing', total_amount: 0.2 });
    const refused = await setStatus(one!, mixed, 'processing');
    expect([refused.status, refused.body['type']]).toEqual([403, problem('order-of-several-sellers')]);
    expect((await setStatus(other!, own, 'shipped')).status).toBe(404);
    expect((await setStatus(admin, mixed, 'processing')).status).toBe(200);
  });

  it('moves through its life, says when, and keeps who moved it', async () => {
    const buyer = await newUser(app);
    const id = await bought(buyer, await newProduct(app));
    await setPayment(admin, id, 'paid');
    await setStatus(admin, id, 'processing');
    const shipped = await setStatus(admin, id, 'shipped');
    expect([shipped.body['shipped_at'], shipped.body['delivered_at']]).toEqual([expect.stringMatching(/Z$/), null]);
    const delivered = await setStatus(admin, id, 'delivered');
    expect([delivered.body['shipped_at'], delivered.body['delivered_at']]).toEqual([
      shipped.body['shipped_at'],
      expect.stringMatching(/Z$/),
    ]);
    const refunded = await setPayment(admin, id, 'refunded');
    expect(refunded.body).toMatchObject({ status: 'delivered', payment_status: 'refunded', delivered_at: delivered.body['delivered_at'] });
    const moves = refunded.body['history'].map(({ field, from, to, actor_id }: Json) => [field, from, to, actor_id]);
    expect(moves).toEqual([
      ['status', null, 'pending', buyer.id],
      ['payment_status', 'pending', 'paid', admin.id],
      ['status', 'pending', 'processing', admin.id],
      ['status', 'processing', 'shipped', admin.id],
      ['status', 'shipped', 'delivered', admin.id],
      ['payment_status', 'paid', 'refunded', admin.id],
    ]);
    const audited = await app.query(`SELECT actor_id, changes FROM audit_log WHERE action = 'order.move' AND entity_id = $1 ORDER BY id`, [
      id,
    ]);
    expect(audited.map((entry) => [entry['actor_id'], entry['changes']])).toEqual([
      [admin.id, { payment_status: 'paid' }],
      [admin.id, { status: 'processing' }],
      [admin.id, { status: 'shipped' }],
      [admin.id, { status: 'delivered' }],
      [admin.id, { payment_status: 'refunded' }],
    ]);
    const events = await app.query(
      `SELECT event_type, payload ->> 'to' AS moved_to FROM outbox WHERE aggregate_type = 'order' AND aggregate_id = $1 ORDER BY id`,
      [id],
    );
    expect(events.slice(1).map((event) => [event['event_type'], event['moved_to']])).toEqual(
      moves.slice(1).map(([field, , to]: string[]) => [`order.${field}_changed`, to]),
    );
  });

  it('refuses any other move with 409 and names the allowed ones', async () => {
    const buyer = await newUser(app);
    const id = await bought(buyer, await newProduct(app));
    const skipped = await setStatus(admin, id, 'delivered');
    expect([skipped.status, skipped.body['type'], skipped.body['allowed']]).toEqual([
      409,
      problem('move-not-allowed'),
      ['processing', 'cancelled'],
    ]);
    expect((await setPayment(admin, id, 'refunded')).body['allowed']).toEqual(['paid', 'failed']);
    await setStatus(admin, id, 'processing');
    await setStatus(admin, id, 'shipped');
    const late = await cancel(buyer, id);
    expect([late.status, late.body['allowed']]).toEqual([409, ['delivered']]);
    expect((await app.patch(`/orders/${id}/status`, { status: 'lost' }, { as: admin.token })).status).toBe(400);
    expect((await setStatus(admin, 123456789, 'processing')).status).toBe(404);
  });

  it('refunds a paid order that is cancelled, and gives its stock back with a cause', async () => {
    const buyer = await newUser(app);
    const products = [await newProduct(app), await newProduct(app)];
    const id = await bought(buyer, ...products);
    await setPayment(admin, id, 'paid');
    const answer = await cancel(buyer, id);
    expect([answer.status, answer.body['status'], answer.body['payment_status']]).toEqual([200, 'cancelled', 'refunded']);
    expect(answer.body['history'].slice(2).map(({ field, to }: Json) => [field, to])).toEqual([
      ['status', 'cancelled'],
      ['payment_status', 'refunded'],
    ]);
    expect(await stockOf(app, products)).toEqual([100, 100]);
    const ledger = await app.query(
      `SELECT product_id, delta, actor_id FROM stock_movements WHERE order_id = $1 AND cause = 'cancel' ORDER BY id`,
      [id],
    );
    expect(ledger).toEqual(products.map((product_id) => ({ product_id, delta: 2, actor_id: buyer.id })));
  });

  it('gives the stock back once, though buyer, admin and worker cancel at once', async () => {
    const buyer = await newUser(app);
    const product = await newProduct(app);
    const id = await bought(buyer, product);
    await app.query(`UPDATE orders SET created_at = now() - interval '25 hours' WHERE id = $1`, [id]);
    const calls = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? cancel(buyer, id) : setStatus(admin, id, 'cancelled')));
    const [answers] = await Promise.all([Promise.all(calls), expireOrders()]);
    expect(answers.filter((answer) => answer.status === 200).length).toBeLessThanOrEqual(1);
    expect(answers.filter((answer) => answer.status !== 200 && answer.status !== 409)).toEqual([]);
    expect(await stockOf(app, [product])).toEqual([100]);
    const detail = await app.get(`/orders/${id}`, { as: buyer.token });
    expect(detail.body['history'].filter((event: Json) => event['to'] === 'cancelled')).toHaveLength(1);
  });

  it('lets no deadlock through when orders are placed and cancelled at once', async () => {
    const products = await Promise.all(Array.from({ length: 4 }, () => newProduct(app)));
    const buyers = await newUsers(app, 20);
    const placed = await Promise.all(buyers.map(async (buyer) => ({ buyer, id: await bought(buyer, ...products.toReversed()) })));
    const answers = await Promise.all(
      placed.flatMap(({ buyer, id }) => [
        cancel(buyer, id),
        placeOrder(
          app,
          buyer,
          products.map((product) => [product, 1] as const),
        ),
      ]),
    );
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([200, 201]));
    expect(await stockOf(app, products)).toEqual([80, 80, 80, 80]);
  });

  it('cancels what stays unpaid for 24 hours, by nobody’s hand, and nothing else', async () => {
    const buyers = await newUsers(app, 5);
    const product = await newProduct(app);
    const [unpaid, failed, paid, processing, young] = await Promise.all(buyers.map((buyer) => bought(buyer, product)));
    await setPayment(admin, failed!, 'failed');
    await setPayment(admin, paid!, 'paid');
    await setStatus(admin, processing!, 'processing');
    const old = [unpaid, failed, paid, processing];
    await app.query(`UPDATE orders SET created_at = now() - interval '24 hours 1 minute' WHERE id = ANY ($1)`, [old]);
    await app.query(`UPDATE orders SET created_at = now() - interval '23 hours 59 minutes' WHERE id = $1`, [young]);
    expect(await expireOrders(AbortSignal.abort())).toBe(0);
    const runs = await Promise.all([expireOrders(), expireOrders(), expireOrders()]);
    expect(runs.reduce((sum, cancelled) => sum + cancelled, 0)).toBeGreaterThanOrEqual(2);
    const rows = await app.query('SELECT id, status, payment_status FROM orders WHERE id = ANY ($1) ORDER BY id', [[...old, young]]);
    expect(Object.fromEntries(rows.map((row) => [row['id'], `${row['status']} ${row['payment_status']}`]))).toEqual({
      [unpaid!]: 'cancelled pending',
      [failed!]: 'cancelled failed',
      [paid!]: 'pending paid',
      [processing!]: 'processing pending',
      [young!]: 'pending pending',
    });
    expect(await stockOf(app, [product])).toEqual([94]);
    expect(await app.query(`SELECT actor_id FROM order_events WHERE order_id = $1 AND to_value = 'cancelled'`, [unpaid])).toEqual([
      { actor_id: null },
    ]);
    expect(await expireOrders()).toBe(0);
  });

  it('cancels the others when one cannot be cancelled, and tells of that one at the end', async () => {
    const buyer = await newUser(app);
    const [full, product] = [await newProduct(app), await newProduct(app)];
    const [stuck, other] = [await bought(buyer, full), await bought(buyer, product)];
    await app.query('UPDATE products SET stock_quantity = 2147483647 WHERE id = $1', [full]);
    await app.query(`UPDATE orders SET created_at = now() - interval '2 days' WHERE user_id = $1`, [buyer.id]);
    await expect(expireOrders()).rejects.toThrow('1 unpaid orders could not be cancelled');
    const rows = await app.query('SELECT id, status FROM orders WHERE user_id = $1 ORDER BY id', [buyer.id]);
    expect(rows).toEqual([
      { id: stuck, status: 'pending' },
      { id: other, status: 'cancelled' },
    ]);
    await app.query('UPDATE products SET stock_quantity = 0 WHERE id = $1', [full]);
    expect(await expireOrders()).toBe(1);
  });

  it('takes no more statements for a hundred orders than for one', async () => {
    const buyer = await newUser(app);
    const seller = await newUser(app, 'seller');
    const product = await newProduct(app, { seller, stock: 1000 });
    const id = await bought(buyer, product);
    const budget = (path: string, as: Shopper) => budgetOf(app, () => app.get(path, { as: as.token }));
    expect(await budget('/orders?page_size=100', buyer)).toBeLessThanOrEqual(1);
    expect(await budget('/orders/all?page_size=100', seller)).toBeLessThanOrEqual(1);
    expect(await budget('/orders/all?page_size=100', admin)).toBeLessThanOrEqual(1);
    expect(await budget(`/orders/${id}`, buyer)).toBeLessThanOrEqual(1);
    expect(await budgetOf(app, () => setStatus(seller, id, 'processing'))).toBeLessThanOrEqual(6);
    expect(await budgetOf(app, () => cancel(buyer, id))).toBeLessThanOrEqual(6);
  });

  it('counts exactly up to 10,000 and marks what is estimated beyond', async () => {
    const buyer = await newUser(app);
    const product = await newProduct(app);
    const grow = (count: number) =>
      app.query(
        `WITH placed AS (
           INSERT INTO orders (order_number, user_id, total_amount, shipping_address, billing_address, payment_method)
           SELECT 'bulk-' || gen_random_uuid(), $1, 10, '-', '-', 'bulk' FROM generate_series(1, $2::integer) RETURNING id)
         INSERT INTO order_items (order_id, user_id, product_id, name, sku, quantity, unit_price, total_price)
         SELECT id, $1, $3, 'x', 'x', 1, 10, 10 FROM placed`,
        [buyer.id, count, product],
      );
    await grow(10_000);
    const exact = await app.get('/orders', { as: buyer.token });
    expect(exact.body['pagination']).toMatchObject({ total_count: 10_000, total_pages: 500 });
    expect(exact.body['pagination']).not.toHaveProperty('total_is_estimate');
    await grow(1);
    await app.query('ANALYZE orders');
    const estimated = await app.get('/orders', { as: buyer.token });
    expect(estimated.body['pagination'].total_is_estimate).toBe(true);
    expect(estimated.body['pagination'].total_count).toBeGreaterThan(10_000);
    expect(estimated.body['pagination'].total_count).toBeLessThan(12_000);
    await app.query(`DELETE FROM orders WHERE payment_method = 'bulk'`);
  });
});
