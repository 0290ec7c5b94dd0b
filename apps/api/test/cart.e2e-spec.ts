import { startTestApp, type TestApp } from './app.harness.js';
import { budgetOf, newProduct, newUser, type Shopper } from './checkout.fixture.js';

describe('the cart', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp();
  });
  afterAll(() => app.close());

  const add = (user: Shopper, product_id: number, quantity: number) => app.post('/cart/add', { product_id, quantity }, { as: user.token });
  const quantities = (body: { items?: { product_id: number; quantity: number }[] }) =>
    body.items?.map(({ product_id, quantity }) => [product_id, quantity]);

  it('is empty at first', async () => {
    const user = await newUser(app);
    const answer = await app.get('/cart', { as: user.token });
    expect([answer.status, answer.body]).toEqual([200, { items: [], total_quantity: 0, total_amount: 0 }]);
  });

  it('shows the prices of this moment, whole cents, and what is short', async () => {
    const user = await newUser(app);
    const dear = await newProduct(app, { price: 0.1, stock: 2 });
    const cheap = await newProduct(app, { price: 30, salePrice: 19.99 });
    await add(user, dear, 3);
    const answer = await add(user, cheap, 2);
    expect(answer.body).toEqual({
      items: [
        {
          product_id: dear,
          name: expect.any(String),
          slug: expect.any(String),
          quantity: 3,
          unit_price: 0.1,
          total_price: 0.3,
          stock_quantity: 2,
          available: false,
        },
        {
          product_id: cheap,
          name: expect.any(String),
          slug: expect.any(String),
          quantity: 2,
          unit_price: 19.99,
          total_price: 39.98,
          stock_quantity: 100,
          available: true,
        },
      ],
      total_quantity: 5,
      total_amount: 40.28,
    });
    await app.query('UPDATE products SET sale_price = NULL, is_active = false WHERE id = $1', [cheap]);
    const later = await app.get('/cart', { as: user.token });
    expect(later.body['items'][1]).toMatchObject({ unit_price: 30, total_price: 60, available: false });
    expect(later.body['total_amount']).toBe(60.3);
  });

  it('adds up additions, also fifty at once', async () => {
    const user = await newUser(app);
    const product = await newProduct(app);
    await add(user, product, 2);
    const answers = await Promise.all(Array.from({ length: 50 }, () => add(user, product, 1)));
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([200]));
    expect(quantities((await app.get('/cart', { as: user.token })).body)).toEqual([[product, 52]]);
  });

  it('holds at most 99 of a product, whatever comes at once', async () => {
    const user = await newUser(app);
    const product = await newProduct(app);
    const answers = await Promise.all(Array.from({ length: 12 }, () => add(user, product, 10)));
    expect(answers.map((answer) => answer.status).toSorted()).toEqual([...Array<number>(9).fill(200), 409, 409, 409]);
    const refused = await add(user, product, 10);
    expect([refused.status, refused.body['type'], refused.body['max_quantity']]).toEqual([
      409,
      'https://techmart.dev/problems/cart-quantity-exceeded',
      99,
    ]);
    expect((await add(user, product, 9)).body['total_quantity']).toBe(99);
  });

  it('holds at most 100 products, of which each can still be changed', async () => {
    const user = await newUser(app);
    await app.query(
      'INSERT INTO cart_items (user_id, product_id, quantity) SELECT $1, id, 1 FROM products WHERE is_active ORDER BY id LIMIT 100',
      [user.id],
    );
    const answer = await add(user, await newProduct(app), 1);
    expect([answer.status, answer.body['type']]).toEqual([409, 'https://techmart.dev/problems/cart-full']);
    expect((await add(user, 1, 1)).body['total_quantity']).toBe(101);
  });

  it('takes no product that is unknown or not on sale', async () => {
    const user = await newUser(app);
    const product = await newProduct(app);
    await app.query('UPDATE products SET is_active = false WHERE id = $1', [product]);
    expect((await add(user, product, 1)).status).toBe(404);
    expect((await add(user, 123456789, 1)).status).toBe(404);
  });

  it.each([
    [{ product_id: 1, quantity: 0 }, '/quantity'],
    [{ product_id: 1, quantity: 100 }, '/quantity'],
    [{ product_id: 1, quantity: 1.5 }, '/quantity'],
    [{ product_id: '1', quantity: 1 }, '/product_id'],
    [{ product_id: 1, quantity: 1, price: 0 }, '/price'],
  ])('refuses %j', async (body, pointer) => {
    const user = await newUser(app);
    const answer = await app.post('/cart/add', body, { as: user.token });
    expect([answer.status, answer.body['errors'][0].pointer]).toEqual([400, pointer]);
  });

  it('changes and removes one line, and empties as a whole', async () => {
    const user = await newUser(app);
    const [first, second] = [await newProduct(app), await newProduct(app)];
    await add(user, first, 1);
    await add(user, second, 1);
    const changed = await app.patch(`/cart/items/${first}`, { quantity: 7 }, { as: user.token });
    expect([changed.status, quantities(changed.body)]).toEqual([
      200,
      [
        [first, 7],
        [second, 1],
      ],
    ]);
    const removed = await app.delete(`/cart/items/${first}`, { as: user.token });
    expect([removed.status, quantities(removed.body)]).toEqual([200, [[second, 1]]]);
    const emptied = await app.delete('/cart', { as: user.token });
    expect([emptied.status, emptied.body['items']]).toEqual([200, []]);
    expect((await app.delete('/cart', { as: user.token })).status).toBe(200);
  });

  it('answers 404 for a line that is not there, and 400 for a quantity of none', async () => {
    const user = await newUser(app);
    expect((await app.patch('/cart/items/1', { quantity: 1 }, { as: user.token })).status).toBe(404);
    expect((await app.delete('/cart/items/1', { as: user.token })).status).toBe(404);
    expect((await app.patch('/cart/items/1', { quantity: 0 }, { as: user.token })).status).toBe(400);
  });

  it('is nobody else’s, and asks for a token', async () => {
    const [anna, ben] = [await newUser(app), await newUser(app)];
    const product = await newProduct(app);
    await add(anna, product, 3);
    expect((await app.get('/cart', { as: ben.token })).body['items']).toEqual([]);
    expect((await app.patch(`/cart/items/${product}`, { quantity: 1 }, { as: ben.token })).status).toBe(404);
    expect((await app.delete(`/cart/items/${product}`, { as: ben.token })).status).toBe(404);
    await app.delete('/cart', { as: ben.token });
    expect(quantities((await app.get('/cart', { as: anna.token })).body)).toEqual([[product, 3]]);
    expect((await app.get('/cart')).status).toBe(401);
    expect((await app.post('/cart/add', { product_id: product, quantity: 1 })).status).toBe(401);
  });

  it('is read with one statement and changed with two', async () => {
    const user = await newUser(app);
    const product = await newProduct(app);
    const budget = (work: () => Promise<unknown>) => budgetOf(app, work);
    expect(await budget(() => add(user, product, 1))).toBeLessThanOrEqual(2);
    expect(await budget(() => app.get('/cart', { as: user.token }))).toBeLessThanOrEqual(1);
    expect(await budget(() => app.patch(`/cart/items/${product}`, { quantity: 2 }, { as: user.token }))).toBeLessThanOrEqual(2);
    expect(await budget(() => app.delete(`/cart/items/${product}`, { as: user.token }))).toBeLessThanOrEqual(2);
    expect(await budget(() => app.delete('/cart', { as: user.token }))).toBeLessThanOrEqual(2);
  });
});
