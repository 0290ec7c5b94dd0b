import type { Config } from '../src/config.js';
import { startTestApp, type Answer, type TestApp } from './app.harness.js';
import { budgetOf, newProduct, newUser, newUsers, placeOrder, Saboteur, stockOf } from './checkout.fixture.js';
import { expectSoundBooks } from './invariants.fixture.js';

const problem = (code: string): string => `https://techmart.dev/problems/${code}`;
const tally = (answers: readonly Answer[]) => {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
};

describe('check-out', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp();
  });
  afterAll(() => app.close());
  afterEach(() => expectSoundBooks(app));

  const eventsOf = (type: string, id: number) =>
    app.query<{ event_type: string; payload: Record<string, unknown> }>(
      'SELECT event_type, payload FROM outbox WHERE aggregate_type = $1 AND aggregate_id = $2 ORDER BY id',
      [type, id],
    );

  it('sells at the effective price, merges lines, and answers the order with what it snapshotted', async () => {
    const buyer = await newUser(app);
    const seller = await newUser(app, 'seller');
    const [first, second] = [await newProduct(app, { price: 0.1, seller }), await newProduct(app, { price: 30, salePrice: 19.99 })];
    const answer = await placeOrder(app, buyer, [
      [second, 1],
      [first, 1],
      [second, 2],
      [first, 2],
    ]);
    const [name, sku] = [expect.any(String), expect.any(String)];
    expect([answer.status, answer.headers['location']]).toEqual([201, `/orders/${answer.body['id']}`]);
    expect(answer.body).toEqual({
      id: expect.any(Number),
      order_number: expect.stringMatching(/^TM-[0-9A-HJKMNP-TV-Z]{13}$/),
      status: 'pending',
      payment_status: 'pending',
      payment_method: 'card',
      total_amount: 60.27,
      items: [
        { product_id: first, name, sku, quantity: 3, unit_price: 0.1, total_price: 0.3 },
        { product_id: second, name, sku, quantity: 3, unit_price: 19.99, total_price: 59.97 },
      ],
      shipping_address: 'Calle Mayor 1, Madrid',
      billing_address: 'Calle Mayor 1, Madrid',
      notes: null,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      updated_at: answer.body['created_at'],
      shipped_at: null,
      delivered_at: null,
    });
    expect(await stockOf(app, [first, second])).toEqual([97, 97]);
    await app.query(`UPDATE products SET price = 99, name = 'renamed', seller_id = NULL WHERE id = $1`, [first]);
    expect((await app.get(`/orders/${answer.body['id']}`, { as: buyer.token })).body['items']).toEqual(answer.body['items']);
    expect(await app.query('SELECT seller_id FROM order_items WHERE product_id = $1', [first])).toEqual([{ seller_id: seller.id }]);
  });

  it('writes ledger, history and event with the order', async () => {
    const buyer = await newUser(app);
    const product = await newProduct(app);
    const { body } = await placeOrder(app, buyer, [[product, 4]]);
    const ledger = await app.query(
      'SELECT delta, cause, order_id, actor_id FROM stock_movements WHERE product_id = $1 ORDER BY id DESC LIMIT 1',
      [product],
    );
    expect(ledger).toEqual([{ delta: -4, cause: 'order', order_id: body['id'], actor_id: buyer.id }]);
    expect(await eventsOf('order', body['id'])).toEqual([
      {
        event_type: 'order.placed',
        payload: { order_id: body['id'], order_number: body['order_number'], user_id: buyer.id, total_amount: 40, items: body['items'] },
      },
    ]);
    const detail = await app.get(`/orders/${body['id']}`, { as: buyer.token });
    expect(detail.body['history']).toEqual([{ field: 'status', from: null, to: 'pending', actor_id: buyer.id, at: body['created_at'] }]);
  });

  it('tells of low stock when a sale takes it to ten or less, and not again', async () => {
    const buyer = await newUser(app);
    const product = await newProduct(app, { stock: 13 });
    for (const quantity of [2, 1, 3]) await placeOrder(app, buyer, [[product, quantity]]);
    expect(await eventsOf('product', product)).toEqual([
      { event_type: 'product.stock_low', payload: { product_id: product, stock_quantity: 10 } },
    ]);
  });

  it('buys the cart and takes out of it what was bought, and nothing else', async () => {
    const buyer = await newUser(app);
    const [first, second] = [await newProduct(app), await newProduct(app)];
    const add = (product_id: number) => app.post('/cart/add', { product_id, quantity: 2 }, { as: buyer.token });
    await add(second);
    await add(first);
    await placeOrder(app, buyer, [[first, 1]]);
    expect((await app.get('/cart', { as: buyer.token })).body['items']).toMatchObject([{ product_id: second }]);
    await add(first);
    const answer = await placeOrder(app, buyer);
    expect(answer.body['items']).toMatchObject([
      { product_id: first, quantity: 2 },
      { product_id: second, quantity: 2 },
    ]);
    const empty = await placeOrder(app, buyer);
    expect([empty.status, empty.body['type']]).toEqual([409, problem('cart-empty')]);
  });

  it('buys one cart once, though twenty ask for it at once without a key', async () => {
    const buyer = await newUser(app);
    const product = await newProduct(app);
    await app.post('/cart/add', { product_id: product, quantity: 1 }, { as: buyer.token });
    const answers = await Promise.all(Array.from({ length: 20 }, () => placeOrder(app, buyer)));
    expect(tally(answers)).toEqual({ 201: 1, 409: 19 });
    expect(await stockOf(app, [product])).toEqual([99]);
  });

  it('names every product that is short, and changes nothing', async () => {
    const buyer = await newUser(app);
    const [plenty, few, none] = [await newProduct(app), await newProduct(app, { stock: 2 }), await newProduct(app, { stock: 0 })];
    await app.post('/cart/add', { product_id: few, quantity: 3 }, { as: buyer.token });
    const answer = await placeOrder(app, buyer, [
      [none, 1],
      [plenty, 1],
      [few, 3],
    ]);
    expect([answer.status, answer.body['type']]).toEqual([409, problem('out-of-stock')]);
    expect(answer.body['products']).toEqual([
      { product_id: few, name: expect.any(String), requested: 3, available: 2 },
      { product_id: none, name: expect.any(String), requested: 1, available: 0 },
    ]);
    expect((await placeOrder(app, buyer)).body['products']).toMatchObject([{ product_id: few, requested: 3, available: 2 }]);
    expect(await stockOf(app, [plenty, few, none])).toEqual([100, 2, 0]);
    expect((await app.get('/orders', { as: buyer.token })).body['orders']).toEqual([]);
    expect((await app.get('/cart', { as: buyer.token })).body['items']).toHaveLength(1);
  });

  it('answers 404 for products named that are not on sale, and 409 for those in the cart', async () => {
    const buyer = await newUser(app);
    const [gone, there] = [await newProduct(app), await newProduct(app)];
    await app.post('/cart/add', { product_id: gone, quantity: 1 }, { as: buyer.token });
    await app.query('UPDATE products SET is_active = false WHERE id = $1', [gone]);
    const named = await placeOrder(app, buyer, [
      [there, 1],
      [gone, 1],
      [123456789, 1],
    ]);
    expect([named.status, named.body['type'], named.body['products']]).toEqual([
      404,
      problem('product-not-found'),
      [{ product_id: gone }, { product_id: 123456789 }],
    ]);
    const carted = await placeOrder(app, buyer);
    expect([carted.status, carted.body['type'], carted.body['products']]).toEqual([
      409,
      problem('products-unavailable'),
      [{ product_id: gone }],
    ]);
  });

  it('refuses an order that costs more than an order can hold', async () => {
    const buyer = await newUser(app);
    const product = await newProduct(app, { price: 99_999_999.99, stock: 5 });
    const answer = await placeOrder(app, buyer, [[product, 2]]);
    expect([answer.status, answer.body['type']]).toEqual([409, problem('order-too-large')]);
    expect((await placeOrder(app, buyer, [[product, 1]])).body['total_amount']).toBe(99_999_999.99);
  });

  it.each([
    ['no items', { items: [] }, '/items'],
    ['a quantity of none', { items: [{ product_id: 1, quantity: 0 }] }, '/items/0/quantity'],
    ['an id that is none', { items: [{ product_id: -1, quantity: 1 }] }, '/items/0/product_id'],
    ['101 lines', { items: Array.from({ length: 101 }, (_, i) => ({ product_id: i + 1, quantity: 1 })) }, '/items'],
    ['a blank address', { shipping_address: ' ' }, '/shipping_address'],
    ['a long payment method', { payment_method: 'x'.repeat(51) }, '/payment_method'],
    ['a control character', { notes: 'bell \u0007' }, '/notes'],
    ['a price of the client’s', { total_amount: 1 }, '/total_amount'],
  ])('refuses %s', async (_, fields, pointer) => {
    const buyer = await newUser(app);
    const body = { items: [{ product_id: 1, quantity: 1 }], shipping_address: 'x', payment_method: 'card', ...fields };
    const answer = await app.post('/orders', body, { as: buyer.token });
    expect([answer.status, answer.body['errors'][0].pointer]).toEqual([400, pointer]);
  });

  it('lets no deadlock through when one user buys the cart and its products at once', async () => {
    const buyers = await newUsers(app, 20);
    const products = await Promise.all(Array.from({ length: 4 }, () => newProduct(app)));
    const lines = products.map((product) => [product, 1] as const);
    const both = buyers.map(async (buyer) => {
      for (const product_id of products.toReversed()) await app.post('/cart/add', { product_id, quantity: 1 }, { as: buyer.token });
      return Promise.all([placeOrder(app, buyer), placeOrder(app, buyer, lines)]);
    });
    const answers = (await Promise.all(both)).flat();
    expect(answers.filter((answer) => answer.status >= 500)).toEqual([]);
    expect(answers.every((answer) => answer.status === 201 || answer.body['type'] === problem('cart-empty'))).toBe(true);
  });

  it('is one statement', async () => {
    const buyer = await newUser(app);
    const product = await newProduct(app);
    expect(await budgetOf(app, () => placeOrder(app, buyer, [[product, 1]], 'budget'))).toBe(1);
  });
});

describe('check-out while the service is full', () => {
  const small = (config: Config): Config => ({ ...config, database: { ...config.database, poolSize: 2 } });

  it('lets 256 wait and refuses more with 503, and is then as good as new', async () => {
    const app = await startTestApp({ config: small });
    const saboteur = await Saboteur.of(app);
    try {
      const buyer = await newUser(app);
      const product = await newProduct(app, { stock: 1000 });
      await saboteur.hold('LOCK TABLE orders IN SHARE ROW EXCLUSIVE MODE');
      const calls = Array.from({ length: 260 }, () => placeOrder(app, buyer, [[product, 1]]));
      await saboteur.waiting(1);
      expect((await app.get('/cart', { as: buyer.token })).status).toBe(200);
      await saboteur.release();
      const answers = await Promise.all(calls);
      expect(tally(answers)).toEqual({ 201: 256, 503: 4 });
      expect(answers.find((answer) => answer.status === 503)?.headers['retry-after']).toBe('1');
      expect((await placeOrder(app, buyer, [[product, 1]])).status).toBe(201);
      await expectSoundBooks(app);
    } finally {
      await saboteur.close();
      await app.close();
    }
  });
});
