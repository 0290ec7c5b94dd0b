import { startTestApp, type Answer, type TestApp } from './app.harness.js';
import { newProduct, newUser, newUsers, placeOrder, stockOf } from './checkout.fixture.js';
import { expectSoundBooks } from './invariants.fixture.js';

const problem = (code: string): string => `https://techmart.dev/problems/${code}`;
const tally = (answers: readonly Answer[]) => {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
};

// However few connections there are: who waits for one is served, not refused.
describe.each([2, 10, 40])('a crowd at check-out, with %i database connections', (poolSize) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ config: (config) => ({ ...config, database: { ...config.database, poolSize } }) });
  }, 120_000);
  afterAll(() => app.close());
  afterEach(() => expectSoundBooks(app));

  it('of 200 at once buys 100 units as 100 orders; the others are told that none is left, and readers are served meanwhile', async () => {
    const buyers = await newUsers(app, 200);
    const product = await newProduct(app, { stock: 100 });
    const [answers, readers] = await Promise.all([
      Promise.all(buyers.map((buyer) => placeOrder(app, buyer, [[product, 1]]))),
      Promise.all(buyers.slice(0, 50).map((buyer) => app.get('/orders', { as: buyer.token }))),
    ]);
    expect(tally(answers)).toEqual({ 201: 100, 409: 100 });
    const refused = answers.filter((answer) => answer.status === 409);
    const [name, requested, available] = [expect.any(String), 1, 0];
    for (const { body } of refused) {
      expect([body['type'], body['products']]).toEqual([problem('out-of-stock'), [{ product_id: product, name, requested, available }]]);
    }
    expect(await stockOf(app, [product])).toEqual([0]);
    expect(await app.query('SELECT count(*) FROM order_items WHERE product_id = $1', [product])).toEqual([{ count: 100 }]);
    expect(tally(readers)).toEqual({ 200: 50 });
  });

  it('of 200 that want 1 to 3 of 200 units leaves less than anybody who was refused asked for', async () => {
    const buyers = await newUsers(app, 200);
    const product = await newProduct(app, { stock: 200 });
    const answers = await Promise.all(buyers.map((buyer, n) => placeOrder(app, buyer, [[product, 1 + (n % 3)]])));
    const refused = answers.filter((answer) => answer.status === 409).map((answer) => answer.body['products'][0]);
    const sold = answers.reduce((sum, { status, body }) => sum + (status === 201 ? body['items'][0].quantity : 0), 0);
    const [left] = await stockOf(app, [product]);
    expect([answers.filter(({ status }) => status !== 201 && status !== 409), left]).toEqual([[], 200 - sold]);
    expect(refused.length).toBeGreaterThan(50);
    expect(refused.every(({ available, requested }) => available >= left! && available < requested)).toBe(true);
  });

  it('of 60 who name the same four products in opposite order meets no deadlock', async () => {
    const buyers = await newUsers(app, 60);
    const products = await Promise.all(Array.from({ length: 4 }, () => newProduct(app)));
    const lines = products.map((product) => [product, 1] as const);
    const answers = await Promise.all(buyers.map((buyer, i) => placeOrder(app, buyer, i % 2 === 0 ? lines : lines.toReversed())));
    expect(tally(answers)).toEqual({ 201: 60 });
    expect(await stockOf(app, products)).toEqual([40, 40, 40, 40]);
  });

  it('of one, who sends one key twenty times at once, places one order', async () => {
    const buyer = await newUser(app);
    const product = await newProduct(app);
    const answers = await Promise.all(Array.from({ length: 20 }, () => placeOrder(app, buyer, [[product, 1]], 'at-once')));
    const placed = answers.filter((answer) => answer.status === 201 && answer.headers['idempotent-replayed'] === undefined);
    expect(placed).toHaveLength(1);
    const others = answers.filter((answer) => answer !== placed[0]);
    expect(others.every((answer) => answer.body['type'] === problem('order-in-progress') || answer.text === placed[0]?.text)).toBe(true);
    const { body } = await app.get('/orders', { as: buyer.token });
    expect([body['pagination'].total_count, await stockOf(app, [product])]).toEqual([1, [99]]);
  });
});
