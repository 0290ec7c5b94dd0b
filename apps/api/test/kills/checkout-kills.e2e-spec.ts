import { startTestApp, type Answer, type TestApp } from '../app.harness.js';
import { newProduct, newUser, placeOrder, Saboteur, stockOf, type Shopper } from '../checkout.fixture.js';
import { expectSoundBooks } from '../invariants.fixture.js';
import { ensureBuilt } from '../setup/test-database.js';
import { sendOrder, startProgram, type Program } from './program.fixture.js';

/** The killed process takes the tokens of the one under test; its key passes through an environment variable. */
const sharedKey = { id: 'shared', secret: 'between-the-two-processes-of-this-test' };
const problem = (code: string): string => `https://techmart.dev/problems/${code}`;

/** Where a check-out is stopped: before it writes to a table, and how the buyer is known there. */
const places: readonly (readonly [place: string, table: string, buyer: string])[] = [
  ['before the order', 'orders', 'NEW.user_id'],
  ['between the order and its items', 'order_items', 'NEW.user_id'],
  ['between the items and the cart', 'cart_items', 'OLD.user_id'],
  ['between the cart and the stock', 'products', `current_setting('techmart.stock_actor_id', true)`],
  ['between the stock and the ledger', 'stock_movements', 'NEW.actor_id'],
  ['between the ledger and the history', 'order_events', 'NEW.actor_id'],
  ['between the history and the event', 'outbox', `NEW.payload ->> 'user_id'`],
  ['between the event and the key', 'idempotency_keys', 'NEW.user_id'],
];
const betweenProducts = 'between two products';

/** Triggers that wait, for those buyers whom the table `stops` names, until nobody holds the lock of the place. */
const stops = [
  'CREATE TABLE stops (buyer text, place text, product_id bigint)',
  ...places.flatMap(([place, table, buyer]) => {
    const row = table === 'cart_items' ? 'OLD' : 'NEW';
    const isMet = `place = '${place}'${table === 'products' ? ` OR (place = '${betweenProducts}' AND product_id = NEW.id)` : ''}`;
    return [
      `CREATE FUNCTION stop_${table}() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
         IF EXISTS (SELECT FROM stops WHERE buyer = (${buyer})::text AND (${isMet})) THEN PERFORM pg_advisory_xact_lock_shared(4711); END IF;
         RETURN ${row};
       END $$`,
      `CREATE TRIGGER stop BEFORE ${table === 'cart_items' ? 'DELETE' : table === 'products' ? 'UPDATE' : 'INSERT'} ON ${table}
         FOR EACH ROW EXECUTE FUNCTION stop_${table}()`,
    ];
  }),
];

interface Purchase {
  readonly buyer: Shopper;
  readonly products: readonly number[];
}

// The process is killed at each statement of a check-out: those that it sends itself, and those that PostgreSQL runs on its behalf and
// goes on running when it is gone. A client that got no answer sends the same request again, to another process.
describe('a check-out whose process is killed with SIGKILL', () => {
  let app: TestApp;
  let saboteur: Saboteur;
  let program: Program | undefined;
  beforeAll(async () => {
    await ensureBuilt();
    app = await startTestApp({ config: (config) => ({ ...config, auth: { ...config.auth, jwtKeys: [sharedKey] } }) });
    saboteur = await Saboteur.of(app);
    for (const statement of stops) await app.query(statement);
  }, 120_000);
  afterAll(async () => {
    await saboteur.close();
    await app.close();
  });
  afterEach(async () => {
    await program?.kill();
    await saboteur.release();
    await expectSoundBooks(app);
  });

  const start = (env: NodeJS.ProcessEnv): Promise<Program> =>
    startProgram({ DATABASE_URL: app.url, ROLE: 'api', SEED_SCALE: '0', JWT_KEYS: `${sharedKey.id}:${sharedKey.secret}`, ...env });

  /** A cart of two products, three of each. */
  const fillCart = async (): Promise<Purchase> => {
    const buyer = await newUser(app);
    const products = [await newProduct(app), await newProduct(app)];
    for (const product_id of products) await app.post('/cart/add', { product_id, quantity: 3 }, { as: buyer.token });
    return { buyer, products };
  };
  const send = (url: string, { buyer }: Purchase) => sendOrder(url, { token: buyer.token, key: 'killed', items: undefined });
  const retry = ({ buyer }: Purchase): Promise<Answer> => placeOrder(app, buyer, undefined, 'killed');
  const ordersOf = async ({ buyer }: Purchase): Promise<number> =>
    (await app.get('/orders', { as: buyer.token })).body['pagination'].total_count;
  const inCart = async ({ buyer }: Purchase): Promise<number> => (await app.get('/cart', { as: buyer.token })).body['total_quantity'];
  const state = async (purchase: Purchase) => [await ordersOf(purchase), await inCart(purchase), await stockOf(app, purchase.products)];
  const untouched = [0, 6, [100, 100]];
  const bought = [1, 0, [97, 97]];

  /** Whatever became of the first attempt: the second one succeeds, a third one repeats it, and there is one order. */
  const outcome = async (purchase: Purchase) => {
    const again = await retry(purchase);
    const isReplay = again.headers['idempotent-replayed'] === 'true';
    const isSame = (await retry(purchase)).text === again.text;
    return [again.status, isReplay, again.body['items']?.length, isSame, await state(purchase)];
  };

  it.each([
    ['before it sends the order', 'before:place_order', false],
    ['after the order was placed, before anybody was told', 'after:place_order', true],
  ])(
    '%s, makes one order of one key',
    async (_, killAt, isPlaced) => {
      const purchase = await fillCart();
      const { url, kill } = (program = await start({ KILL_AT: killAt }));
      expect(await send(url, purchase)).toBeUndefined();
      await kill();
      expect(await state(purchase)).toEqual(isPlaced ? bought : untouched);
      await expectSoundBooks(app);
      expect(await outcome(purchase)).toEqual([201, isPlaced, 2, true, bought]);
    },
    120_000,
  );

  it('between any two of its statements, makes one order of one key', async () => {
    const purchases = new Map<string, Purchase>();
    for (const place of [...places.map(([name]) => name), betweenProducts]) {
      const purchase = await fillCart();
      await app.query('INSERT INTO stops VALUES ($1, $2, $3)', [String(purchase.buyer.id), place, purchase.products[1]]);
      purchases.set(place, purchase);
    }
    const { url, kill } = (program = await start({ DATABASE_POOL_SIZE: '40' }));
    await saboteur.hold('SELECT pg_advisory_xact_lock(4711)');
    const unanswered = [...purchases.values()].map((purchase) => send(url, purchase));
    await saboteur.waiting(purchases.size);
    await kill();
    expect(await Promise.all(unanswered)).toEqual(unanswered.map(() => undefined));
    const all = async <T>(look: (purchase: Purchase) => Promise<T>) => {
      const found: [string, T][] = [];
      for (const [place, purchase] of purchases) found.push([place, await look(purchase)]);
      return Object.fromEntries(found);
    };
    const everywhere = (value: unknown) => Object.fromEntries([...purchases.keys()].map((place) => [place, value]));
    // PostgreSQL has not noticed yet: the order is neither there nor lost.
    expect(await all(async (purchase) => (await retry(purchase)).body['type'])).toEqual(everywhere(problem('order-in-progress')));
    expect(await all(state)).toEqual(everywhere(untouched));
    await saboteur.release();
    await saboteur.untilAllEnded();
    expect(await all(outcome)).toEqual(everywhere([201, true, 2, true, bought]));
  }, 120_000);

  it('is stopped above before every table that it writes', async () => {
    const functions = await app.query<{ source: string }>(
      `SELECT prosrc AS source FROM pg_proc WHERE proname IN ('place_order', 'record_stock_movement')`,
    );
    const written = functions.flatMap(({ source }) =>
      [...source.matchAll(/(?:INSERT INTO|UPDATE|DELETE FROM) (\w+)/g)].map(([, table]) => table),
    );
    const stopped = places.map(([, table]) => table);
    expect([...new Set(written)].filter((table) => table !== 'SET').toSorted()).toEqual(stopped.toSorted());
  });
});
