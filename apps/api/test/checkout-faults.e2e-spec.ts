import { startTestApp, type TestApp } from './app.harness.js';
import { newProduct, newUser, placeOrder, Saboteur, stockOf, type Shopper } from './checkout.fixture.js';
import { expectSoundBooks } from './invariants.fixture.js';

const problem = (code: string): string => `https://techmart.dev/problems/${code}`;

describe('check-out, tried again', () => {
  let app: TestApp;
  let saboteur: Saboteur;
  beforeAll(async () => {
    app = await startTestApp();
    saboteur = await Saboteur.of(app);
  });
  afterAll(async () => {
    await saboteur.close();
    await app.close();
  });
  afterEach(async () => {
    await saboteur.release();
    await expectSoundBooks(app);
  });

  const ordersOf = async (buyer: Shopper): Promise<number> =>
    (await app.get('/orders', { as: buyer.token })).body['pagination'].total_count;

  it('gives the first answer again to the same key and body, whatever became of the order', async () => {
    const buyer = await newUser(app);
    const product = await newProduct(app);
    const first = await placeOrder(app, buyer, [[product, 2]], 'again');
    expect([first.status, first.headers['idempotent-replayed']]).toEqual([201, undefined]);
    await app.post(`/orders/${first.body['id']}/cancel`, undefined, { as: buyer.token });
    const second = await placeOrder(app, buyer, [[product, 2]], 'again');
    expect([second.status, second.headers['idempotent-replayed'], second.headers['location'], second.text]).toEqual([
      201,
      'true',
      first.headers['location'],
      first.text,
    ]);
    expect([await ordersOf(buyer), await stockOf(app, [product])]).toEqual([1, [100]]);
  });

  it('refuses the key with another body, and keeps the keys of users apart', async () => {
    const [anna, ben] = [await newUser(app), await newUser(app)];
    const product = await newProduct(app);
    expect((await placeOrder(app, anna, [[product, 1]], 'mine')).status).toBe(201);
    const other = await placeOrder(app, anna, [[product, 2]], 'mine');
    expect([other.status, other.body['type']]).toEqual([422, problem('idempotency-key-reused')]);
    const bens = await placeOrder(app, ben, [[product, 2]], 'mine');
    expect([bens.status, bens.headers['idempotent-replayed']]).toEqual([201, undefined]);
  });

  it('stores successes only', async () => {
    const buyer = await newUser(app);
    const product = await newProduct(app, { stock: 0 });
    expect((await placeOrder(app, buyer, [[product, 1]], 'later')).status).toBe(409);
    await app.query('UPDATE products SET stock_quantity = 5 WHERE id = $1', [product]);
    const answer = await placeOrder(app, buyer, [[product, 1]], 'later');
    expect([answer.status, answer.headers['idempotent-replayed']]).toEqual([201, undefined]);
  });

  it('forgets a key after 24 hours', async () => {
    const buyer = await newUser(app);
    const product = await newProduct(app);
    await placeOrder(app, buyer, [[product, 1]], 'old');
    const age = (interval: string) =>
      app.query(`UPDATE idempotency_keys SET created_at = now() - $2::interval WHERE user_id = $1`, [buyer.id, interval]);
    await age('23 hours 59 minutes');
    expect((await placeOrder(app, buyer, [[product, 1]], 'old')).headers['idempotent-replayed']).toBe('true');
    await age('24 hours 1 minute');
    expect((await placeOrder(app, buyer, [[product, 2]], 'old')).status).toBe(201);
    expect((await placeOrder(app, buyer, [[product, 2]], 'old')).headers['idempotent-replayed']).toBe('true');
    expect(await ordersOf(buyer)).toBe(2);
  });

  it.each([
    ['empty', ''],
    ['too long', 'x'.repeat(256)],
    ['not ASCII', 'ключ'],
  ])('refuses a key that is %s', async (_, key) => {
    const buyer = await newUser(app);
    const answer = await placeOrder(app, buyer, [[1, 1]], key);
    expect([answer.status, answer.body['errors']?.[0]?.pointer]).toEqual([400, '/header/idempotency-key']);
  });

  it('answers 409 at once while the first with the key still runs, and the others of twenty replay it', async () => {
    const buyer = await newUser(app);
    const product = await newProduct(app);
    await saboteur.hold('LOCK TABLE order_events IN SHARE ROW EXCLUSIVE MODE');
    const first = placeOrder(app, buyer, [[product, 1]], 'twenty');
    await saboteur.waiting(1);
    const running = await placeOrder(app, buyer, [[product, 1]], 'twenty');
    expect([running.status, running.body['type'], running.headers['retry-after']]).toEqual([409, problem('order-in-progress'), '1']);
    await saboteur.release();
    expect((await first).status).toBe(201);
    expect((await placeOrder(app, buyer, [[product, 1]], 'twenty')).headers['idempotent-replayed']).toBe('true');
  });

  const lock = (table: string): string => `LOCK TABLE ${table} IN SHARE ROW EXCLUSIVE MODE`;
  it.each([
    ['before the order', lock('orders')],
    ['before its items', lock('order_items')],
    ['before the cart is emptied', lock('cart_items')],
    ['before the stock', lock('products')],
    ['between two products', 'SELECT FROM products WHERE id = (SELECT max(id) FROM products) FOR NO KEY UPDATE'],
    ['before the ledger', lock('stock_movements')],
    ['before the history', lock('order_events')],
    ['before the event', lock('outbox')],
    ['before the key is kept', lock('idempotency_keys')],
  ])('leaves nothing behind when the database ends it %s, and succeeds once when tried again', async (_, obstacle) => {
    const buyer = await newUser(app);
    const products = [await newProduct(app), await newProduct(app)];
    for (const product_id of products) await app.post('/cart/add', { product_id, quantity: 3 }, { as: buyer.token });
    await saboteur.hold(obstacle);
    const failing = placeOrder(app, buyer, undefined, 'killed');
    const [pid] = await saboteur.waiting(1);
    await saboteur.terminate(pid!);
    const failed = await failing;
    await saboteur.release();
    expect([failed.status, failed.body['type']]).toEqual([503, problem('database-unavailable')]);
    await expectSoundBooks(app);
    expect([await ordersOf(buyer), await stockOf(app, products)]).toEqual([0, [100, 100]]);
    expect((await app.get('/cart', { as: buyer.token })).body['total_quantity']).toBe(6);

    const again = await placeOrder(app, buyer, undefined, 'killed');
    expect([again.status, again.headers['idempotent-replayed']]).toEqual([201, undefined]);
    expect((await placeOrder(app, buyer, undefined, 'killed')).headers['idempotent-replayed']).toBe('true');
    expect([await ordersOf(buyer), await stockOf(app, products)]).toEqual([1, [97, 97]]);
  });
});
