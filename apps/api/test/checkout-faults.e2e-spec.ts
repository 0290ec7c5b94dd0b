import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { startTestApp, type Answer, type TestApp } from './app.harness.js';
import { newProduct, newUser, placeOrder, Saboteur, stockOf, type Shopper } from './checkout.fixture.js';
import { expectSoundBooks } from './invariants.fixture.js';
import { ensureBuilt } from './setup/test-database.js';

/** The killed process takes the tokens of the one under test; its key passes through an environment variable. */
const sharedKey = { id: 'shared', secret: 'between-the-two-processes-of-this-test' };
const problem = (code: string): string => `https://techmart.dev/problems/${code}`;

describe('check-out, tried again', () => {
  let app: TestApp;
  let saboteur: Saboteur;
  beforeAll(async () => {
    app = await startTestApp({ config: (config) => ({ ...config, auth: { ...config.auth, jwtKeys: [sharedKey] } }) });
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

  it('makes one order of one key, though it comes twenty times at once', async () => {
    const buyer = await newUser(app);
    const product = await newProduct(app);
    const answers = await Promise.all(Array.from({ length: 20 }, () => placeOrder(app, buyer, [[product, 1]], 'at-once')));
    const placed = answers.filter((answer) => answer.status === 201 && answer.headers['idempotent-replayed'] === undefined);
    expect(placed).toHaveLength(1);
    const others = answers.filter((answer) => answer !== placed[0]);
    expect(others.every((answer) => answer.body['type'] === problem('order-in-progress') || answer.text === placed[0]?.text)).toBe(true);
    expect([await ordersOf(buyer), await stockOf(app, [product])]).toEqual([1, [99]]);
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

  describe('after its process was killed', () => {
    beforeAll(() => ensureBuilt(), 120_000);

    it.each([
      ['before the order', 'orders'],
      ['before the stock', 'products'],
      ['before the key is kept', 'idempotency_keys'],
    ])(
      '%s, makes one order of one key',
      async (_, table) => {
        const buyer = await newUser(app);
        const product = await newProduct(app);
        const server = await startProcess(app);
        await saboteur.hold(lock(table));
        const unanswered = sendOrder(server.url, buyer, product).then(
          () => 'answered',
          () => 'cut off',
        );
        await saboteur.waiting(1).finally(() => server.process.kill('SIGKILL'));
        expect(await unanswered).toBe('cut off');
        expect((await placeOrder(app, buyer, [[product, 1]], 'orphan')).body['type']).toBe(problem('order-in-progress'));
        await saboteur.release();
        await saboteur.untilAllEnded();
        const again: Answer = await placeOrder(app, buyer, [[product, 1]], 'orphan');
        expect([again.status, again.headers['idempotent-replayed'], again.body['items'].length]).toEqual([201, 'true', 1]);
        expect([await ordersOf(buyer), await stockOf(app, [product])]).toEqual([1, [99]]);
      },
      60_000,
    );
  });
});

/** The built program on the test's database, so that it can be killed. */
async function startProcess(app: TestApp): Promise<{ process: ChildProcess; url: string }> {
  const main = join(__dirname, '../../../dist/apps/api/src/main.js');
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, [main], {
    env: {
      PATH,
      NODE_ENV: 'test',
      LOG_PRETTY: 'false',
      PORT: '0',
      DATABASE_URL: app.url,
      SEED_SCALE: '0',
      JWT_KEYS: `${sharedKey.id}:${sharedKey.secret}`,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const url = await new Promise<string>((resolve, reject) => {
    const look = (data: Buffer): void => {
      output += data.toString();
      const found = /TechMart listens on (http:[^\s"]+)/.exec(output)?.[1];
      if (found !== undefined) resolve(found);
    };
    child.stdout.on('data', look);
    child.stderr.on('data', look);
    child.once('exit', (code) => reject(new Error(`ended with ${code}: ${output}`)));
  });
  return { process: child, url };
}

/** The same request as `placeOrder` sends. */
const sendOrder = (url: string, buyer: Shopper, product: number): Promise<Response> =>
  fetch(`${url}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${buyer.token}`, 'idempotency-key': 'orphan' },
    body: JSON.stringify({
      items: [{ product_id: product, quantity: 1 }],
      shipping_address: 'Calle Mayor 1, Madrid',
      payment_method: 'card',
    }),
  });
