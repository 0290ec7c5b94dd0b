import { startTestApp, type TestApp } from './app.harness.js';
import { newProduct, newUser, newUsers, placeOrder, Saboteur, stockOf } from './checkout.fixture.js';
import { expectSoundBooks } from './invariants.fixture.js';

const problem = (code: string): string => `https://techmart.dev/problems/${code}`;
const lockProduct = 'SELECT FROM products WHERE id = $1 FOR NO KEY UPDATE';

// Races that are made to happen: a lock stops each party at the worst moment.
describe('check-outs that meet', () => {
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

  it('sell the last unit once, though both saw it, and tell the other that none is left', async () => {
    const buyers = await newUsers(app, 2);
    const [first, last] = [await newProduct(app), await newProduct(app, { stock: 1 })];
    await saboteur.hold(lockProduct, [last]);
    const calls = buyers.map((buyer) =>
      placeOrder(app, buyer, [
        [last, 1],
        [first, 1],
      ]),
    );
    await saboteur.waiting(2);
    await saboteur.release();
    const answers = await Promise.all(calls);
    expect(answers.map((answer) => answer.status).toSorted()).toEqual([201, 409]);
    expect(answers.find((answer) => answer.status === 409)?.body['products']).toMatchObject([
      { product_id: last, requested: 1, available: 0 },
    ]);
    expect(await stockOf(app, [first, last])).toEqual([99, 0]);
  });

  it('buy one cart once, though both were there before it was emptied', async () => {
    const buyer = await newUser(app);
    const product = await newProduct(app);
    await app.post('/cart/add', { product_id: product, quantity: 2 }, { as: buyer.token });
    await saboteur.hold('LOCK TABLE orders IN SHARE ROW EXCLUSIVE MODE');
    const calls = [placeOrder(app, buyer), placeOrder(app, buyer)];
    await saboteur.waiting(2);
    await saboteur.release();
    const answers = await Promise.all(calls);
    expect(answers.map((answer) => answer.body['type'] ?? answer.status).toSorted()).toEqual([201, problem('cart-empty')]);
    expect(await stockOf(app, [product])).toEqual([98]);
  });

  it('keep in the cart what is added while it is bought', async () => {
    const buyer = await newUser(app);
    const [bought, added] = [await newProduct(app), await newProduct(app)];
    const add = (product_id: number) => app.post('/cart/add', { product_id, quantity: 2 }, { as: buyer.token });
    await add(bought);
    await saboteur.hold(lockProduct, [bought]);
    const order = placeOrder(app, buyer);
    await saboteur.waiting(1);
    await add(added);
    const same = add(bought);
    await saboteur.release();
    expect((await order).body['items']).toMatchObject([{ product_id: bought, quantity: 2 }]);
    await same;
    expect((await app.get('/cart', { as: buyer.token })).body['items']).toMatchObject([
      { product_id: added, quantity: 2 },
      { product_id: bought, quantity: 2 },
    ]);
  });

  it('are tried again when the database ends a deadlock at their cost', async () => {
    const buyer = await newUser(app);
    const [first, second] = [await newProduct(app), await newProduct(app)];
    await saboteur.want(`SET deadlock_timeout = '1min'`);
    await saboteur.hold(lockProduct, [second]);
    const order = placeOrder(app, buyer, [
      [first, 1],
      [second, 1],
    ]);
    await saboteur.waiting(1);
    await saboteur.want(lockProduct, [first]);
    await saboteur.release();
    expect((await order).status).toBe(201);
    expect(await stockOf(app, [first, second])).toEqual([99, 99]);
  });

  it('take the price of the moment, and never a sum of another one', async () => {
    const buyer = await newUser(app);
    const product = await newProduct(app, { price: 10 });
    await saboteur.hold(lockProduct, [product]);
    const order = placeOrder(app, buyer, [[product, 3]]);
    await saboteur.waiting(1);
    await saboteur.want('UPDATE products SET price = 20 WHERE id = $1', [product]);
    await saboteur.commit();
    expect((await order).body).toMatchObject({ total_amount: 30, items: [{ unit_price: 10, total_price: 30 }] });
  });

  it('do not sell what is taken off sale while they wait', async () => {
    const buyer = await newUser(app);
    const product = await newProduct(app);
    await saboteur.hold(lockProduct, [product]);
    const order = placeOrder(app, buyer, [[product, 3]]);
    await saboteur.waiting(1);
    await saboteur.want('UPDATE products SET is_active = false WHERE id = $1', [product]);
    await saboteur.commit();
    expect((await order).body['type']).toBe(problem('product-not-found'));
    expect(await stockOf(app, [product])).toEqual([100]);
  });
});
