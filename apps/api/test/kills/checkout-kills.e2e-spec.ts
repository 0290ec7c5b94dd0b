import { startTestApp, type Answer, type TestApp } from '../app.harness.js';
import { newProduct, newUser, placeOrder, Saboteur, stockOf, type Shopper } from '../checkout.fixture.js';
import { expectSoundBooks } from '../invariants.fixture.js';
import { ensureBuilt } from '../setup/test-database.js';
import { sendOrder, startProgram, type Program } from './program.fixture.js';

/** The killed process takes the tokens of the one under test; its key passes through an environment variable. */
const sharedKey = { id: 'shared', secret: 'between-the-two-processes-of-this-test' };
const problem = (code: string): string => `https://techmart.dev/problems/${code}`;
const lock = (table: string): string => `LOCK TABLE ${table} IN SHARE ROW EXCLUSIVE MODE`;

interface Purchase {
  readonly buyer: Shopper;
  readonly products: readonly number[];
}

// The process is killed at each statement of a check-out: those that it sends itself, and those that PostgreSQL runs on its behalf and
// goes on running when it is gone. A client that got no answer sends the same request again, to another process.
describe('a check-out whose process is killed with SIGKILL', () => {
  let app: TestApp;
  let saboteur: Saboteur;
  let program: Program;
  beforeAll(async () => {
    await ensureBuilt();
    app = await startTestApp({ config: (config) => ({ ...config, auth: { ...config.auth, jwtKeys: [sharedKey] } }) });
    saboteur = await Saboteur.of(app);
  }, 120_000);
  afterAll(async () => {
    await saboteur.close();
    await app.close();
  });
  afterEach(async () => {
    await program.kill();
    await saboteur.release();
    await expectSoundBooks(app);
  });

  const start = (killAt = ''): Promise<Program> =>
    startProgram({ KILL_AT: killAt, DATABASE_URL: app.url, ROLE: 'api', SEED_SCALE: '0', JWT_KEYS: `${sharedKey.id}:${sharedKey.secret}` });

  /** A cart of two products, three of each. */
  const fillCart = async (): Promise<Purchase> => {
    const buyer = await newUser(app);
    const products = [await newProduct(app), await newProduct(app)];
    for (const product_id of products) await app.post('/cart/add', { product_id, quantity: 3 }, { as: buyer.token });
    return { buyer, products };
  };
  const retry = ({ buyer }: Purchase): Promise<Answer> => placeOrder(app, buyer, undefined, 'killed');
  const ordersOf = async ({ buyer }: Purchase): Promise<number> =>
    (await app.get('/orders', { as: buyer.token })).body['pagination'].total_count;
  const inCart = async ({ buyer }: Purchase): Promise<number> => (await app.get('/cart', { as: buyer.token })).body['total_quantity'];
  const state = async (purchase: Purchase) => [await ordersOf(purchase), await inCart(purchase), await stockOf(app, purchase.products)];
  const untouched = [0, 6, [100, 100]];
  const bought = [1, 0, [97, 97]];

  /** Whatever became of the first attempt: the second one succeeds, a third one repeats it, and there is one order. */
  const expectOneOrder = async (purchase: Purchase, isReplay: boolean): Promise<void> => {
    const again = await retry(purchase);
    expect([again.status, again.headers['idempotent-replayed'], again.body['items']?.length]).toEqual([
      201,
      isReplay ? 'true' : undefined,
      2,
    ]);
    expect((await retry(purchase)).text).toBe(again.text);
    expect(await state(purchase)).toEqual(bought);
  };

  it.each([
    ['before it asks who calls', 'before:FROM sessions', false],
    ['after it asked who calls', 'after:FROM sessions', false],
    ['before it sends the order', 'before:place_order', false],
    ['after the order was placed, before anybody was told', 'after:place_order', true],
  ])(
    '%s',
    async (_, killAt, isPlaced) => {
      const purchase = await fillCart();
      program = await start(killAt);
      expect(await sendOrder(program.url, { token: purchase.buyer.token, key: 'killed', items: undefined })).toBeUndefined();
      await program.kill();
      expect(await state(purchase)).toEqual(isPlaced ? bought : untouched);
      await expectSoundBooks(app);
      await expectOneOrder(purchase, isPlaced);
    },
    120_000,
  );

  const obstacles: readonly (readonly [place: string, obstacle: string])[] = [
    ['before the order', lock('orders')],
    ['between the order and its items', lock('order_items')],
    ['between the items and the cart', lock('cart_items')],
    ['between the cart and the stock', lock('products')],
    ['between two products', 'SELECT FROM products WHERE id = (SELECT max(id) FROM products) FOR NO KEY UPDATE'],
    ['between the stock and the ledger', lock('stock_movements')],
    ['between the ledger and the history', lock('order_events')],
    ['between the history and the event', lock('outbox')],
    ['between the event and the key', lock('idempotency_keys')],
  ];

  it.each(obstacles)(
    '%s',
    async (_, obstacle) => {
      const purchase = await fillCart();
      program = await start();
      await saboteur.hold(obstacle);
      const unanswered = sendOrder(program.url, { token: purchase.buyer.token, key: 'killed', items: undefined });
      await saboteur.waiting(1);
      await program.kill();
      expect(await unanswered).toBeUndefined();
      expect((await retry(purchase)).body['type']).toBe(problem('order-in-progress'));
      expect(await state(purchase)).toEqual(untouched);
      await saboteur.release();
      await saboteur.untilAllEnded();
      await expectOneOrder(purchase, true);
    },
    120_000,
  );

  it('is stopped above before every table that it writes', async () => {
    const functions = await app.query<{ source: string }>(
      `SELECT prosrc AS source FROM pg_proc WHERE proname IN ('place_order', 'record_stock_movement')`,
    );
    const written = functions.flatMap(({ source }) =>
      [...source.matchAll(/(?:INSERT INTO|UPDATE|DELETE FROM) (\w+)/g)].map(([, table]) => table),
    );
    const stopped = obstacles.flatMap(([, obstacle]) => /LOCK TABLE (\w+)/.exec(obstacle)?.[1] ?? []);
    expect([...new Set(written)].filter((table) => table !== 'SET').toSorted()).toEqual(stopped.toSorted());
  });
});
