import { setImmediate } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { describeRedis, RedisServer } from '../../../libs/cache/test/redis-server.js';
import type { Config } from '../src/config.js';
import { newProduct, newUser } from './checkout.fixture.js';
import { eager, startWorker, stopWorkers, until } from './events.fixture.js';
import { startTestApp, type Answer, type Json, type TestApp } from './app.harness.js';

const json = { headers: { 'accept-encoding': 'identity' } };

/** Two replicas of the application, one database, one Redis. */
describeRedis('the cache', () => {
  let redis: RedisServer;
  let one: TestApp;
  let other: TestApp;
  let admin: string;
  beforeAll(async () => {
    redis = await RedisServer.start();
    const url = `redis://127.0.0.1:${redis.port}`;
    const config = (base: Config): Config => ({
      ...base,
      redis: { ...base.redis, url, stateUrl: url },
      cache: { ...base.cache, isEnabled: true },
    });
    one = await startTestApp({ config });
    other = await startTestApp({ config, beside: one });
    admin = await one.token('admin');
  });
  afterEach(stopWorkers);
  afterAll(async () => {
    await other.close();
    await one.close();
    await redis.stop();
  });

  const read = (app: TestApp, path: string): Promise<Answer> => app.get(path, json);
  const statusOf = (answer: Answer): string => answer.headers['cache-status'] ?? '';

  it('answers a repeated read without a statement, says so, and shares it with the other replica', async () => {
    const path = '/products/5';
    const first = await read(one, path);
    const { count, result } = await one.queriesOf(() => read(one, path));
    expect([first.status, count, result.body]).toEqual([200, 0, first.body]);
    expect(statusOf(first)).toMatch(/fwd=(uri-)?miss/);
    expect(statusOf(result)).toMatch(/^techmart; ?hit/);
    const beside = await other.queriesOf(() => read(other, path));
    expect([beside.count, beside.result.body]).toEqual([0, first.body]);
  });

  it('answers 304 from the cache, and compresses by what the client takes', async () => {
    const { headers } = await read(one, '/products/6');
    const again = await one.get('/products/6', { headers: { 'accept-encoding': 'identity', 'if-none-match': headers['etag'] ?? '' } });
    expect([again.status, again.text]).toEqual([304, '']);
    const ask = () => one.get('/products?page_size=50', { headers: { 'accept-encoding': 'br' } });
    let squeezed = await ask();
    while (squeezed.headers['content-encoding'] === undefined) squeezed = await setImmediate().then(ask);
    expect(squeezed.headers['content-encoding']).toBe('br');
    expect(squeezed.headers['vary']).toMatch(/accept-encoding/i);
  });

  it('has one entry for a route, whatever undeclared parameters and tokens come with it', async () => {
    await read(one, '/products/7');
    const { count } = await one.queriesOf(() => one.get('/products/7?utm=x&y=1', { ...json, as: 'no token at all' }));
    expect(count).toBe(0);
  });

  interface Write {
    readonly name: string;
    /** What both replicas have read before, and read again after the write. */
    readonly reads: readonly string[];
    readonly before?: (app: TestApp) => Promise<unknown>;
    readonly write: (app: TestApp) => Promise<Answer>;
    readonly shows: (answers: readonly Answer[]) => unknown;
    readonly expected: unknown;
  }

  const writes: readonly Write[] = [
    {
      name: 'a price',
      reads: ['/products/10', '/products?category_id=1&page_size=1', '/products/10/related'],
      write: (app) => app.patch('/products/10', { price: 4242.42, sale_price: null }, { as: admin }),
      shows: ([detail]) => detail?.body['price'],
      expected: 4242.42,
    },
    {
      name: 'a product taken off the shop',
      reads: ['/products/11', '/products/by-slug/to-be-taken-off'],
      before: (app) => app.query(`UPDATE products SET slug = 'to-be-taken-off' WHERE id = 11`),
      write: (app) => app.delete('/products/11', { as: admin }),
      shows: (answers) => answers.map(({ status }) => status),
      expected: [404, 404],
    },
    {
      name: 'what is left of a product, by its slug',
      reads: ['/products/by-slug/to-be-counted'],
      before: (app) => app.query(`UPDATE products SET slug = 'to-be-counted' WHERE id = 18`),
      write: (app) => app.patch('/products/18', { stock_quantity: 4321 }, { as: admin }),
      shows: ([detail]) => detail?.body['stock_quantity'],
      expected: 4321,
    },
    {
      name: 'the name of a category',
      reads: ['/categories/1', '/categories'],
      write: (app) => app.patch('/categories/1', { name: 'Another Name Altogether' }, { as: admin }),
      shows: ([detail, tree]) => [detail?.body['name'], tree?.text.includes('Another Name Altogether')],
      expected: ['Another Name Altogether', true],
    },
    {
      name: 'a post',
      reads: ['/posts', '/users/1/posts', '/users/1/stats'],
      write: (app) => app.post('/posts', { title: 'Fresh from the press', body: 'x', tags: [], product_ids: [] }, { as: admin }),
      shows: ([posts, own]) => [posts?.body['posts'][0].title, own?.body['posts'][0].title],
      expected: ['Fresh from the press', 'Fresh from the press'],
    },
  ];

  it.each(writes)('shows $name at once where it was written, and soon everywhere', async ({ reads, before, write, shows, expected }) => {
    await before?.(one);
    for (const app of [one, other]) for (const path of reads) await read(app, path);
    const written = await write(one);
    expect(written.status).toBeLessThan(300);
    const all = (app: TestApp) => Promise.all(reads.map((path) => read(app, path)));
    expect(shows(await all(one))).toEqual(expected);
    // Within two seconds, which is what the page of the cache promises at the worst.
    const deadline = Date.now() + 2000;
    let seen = shows(await all(other));
    while (JSON.stringify(seen) !== JSON.stringify(expected) && Date.now() < deadline) seen = shows(await all(other));
    expect(seen).toEqual(expected);
  });

  it('leaves the page of one product alone when another one changes', async () => {
    await read(one, '/products/14');
    expect((await one.patch('/products/15', { price: 15.15, sale_price: null }, { as: admin })).status).toBe(200);
    expect(statusOf(await read(one, '/products/14'))).toMatch(/^techmart; ?hit/);
  });

  it('takes the products of an erased seller off, wherever they were seen', async () => {
    const seller = await newUser(one, 'seller');
    const id = await newProduct(one, { seller });
    for (const app of [one, other]) expect((await read(app, `/products/${id}`)).status).toBe(200);
    expect((await one.delete('/users/profile', { as: seller.token })).status).toBe(204);
    for (const app of [one, other]) expect((await read(app, `/products/${id}`)).status).toBe(404);
  });

  it('shows what is left after an order, on the product and in the profile', async () => {
    const buyer = await one.token('customer');
    const before = (await read(one, '/products/12')).body['stock_quantity'] as number;
    const profile = await one.get('/users/profile', { as: buyer });
    await one.get('/orders', { as: buyer });
    const order = { items: [{ product_id: 12, quantity: 2 }], shipping_address: 'x', payment_method: 'card' };
    const placed = await one.post('/orders', order, { as: buyer });
    expect(placed.status).toBe(201);
    expect((await read(one, '/products/12')).body['stock_quantity']).toBe(before - 2);
    expect((await one.get('/users/profile', { as: buyer })).body['orders_count']).toBe(profile.body['orders_count'] + 1);
    expect((await one.get('/orders', { as: buyer })).body['orders'][0].id).toBe(placed.body['id']);
    const id = placed.body['id'] as number;
    expect((await one.get(`/orders/${id}`, { as: buyer })).body['status']).toBe('pending');
    expect((await one.post(`/orders/${id}/cancel`, undefined, { as: buyer })).status).toBe(200);
    expect((await one.get(`/orders/${id}`, { as: buyer })).body['status']).toBe('cancelled');
    expect((await read(one, '/products/12')).body['stock_quantity']).toBe(before);
  });

  it('shows in each list that a product has sold out, and ends no list in which it neither stands nor could', async () => {
    const buyer = await one.token('customer');
    const brand = 'Lastpiece';
    const ids = [await newProduct(one, { stock: 1 }), await newProduct(one, { stock: 5 })];
    await one.query('UPDATE products SET brand = $1 WHERE id = ANY ($2)', [brand, ids]);
    const search = (app: TestApp, filters: Json) => app.post('/products/search', { brand, sort_by: 'created_at', ...filters });
    const shown = async (app: TestApp) => {
      const list = await read(app, `/products?brand=${brand}&sort_by=created_at`);
      const left = await read(app, `/products?brand=${brand}&in_stock=true`);
      const found = [await search(app, {}), await search(app, { in_stock: true }), await search(app, { in_stock: false })];
      const [all, here, gone] = found.map(({ body }) => body['products'] as Json[]);
      const stockOf = (rows: Json[] | undefined) => rows?.map((row) => row['stock_quantity']);
      return [stockOf(list.body['products']), left.body['products'].length, stockOf(all), here?.length, gone?.length];
    };
    const elsewhere = ['/products?page_size=1', '/products/popular?limit=1'];
    const others = (app: TestApp) => Promise.all(elsewhere.map((path) => read(app, path)));
    const both = async () => [await shown(one), await shown(other)];
    const bothAre = (wanted: unknown) => (seen: unknown) => isDeepStrictEqual(seen, [wanted, wanted]);
    const full = [[1, 5], 2, [1, 5], 2, 0];
    // It shall tell of the order alone, not of what other tests have changed.
    await one.query('DELETE FROM outbox');
    await startWorker(one, eager);
    expect(await both()).toEqual([full, full]);
    for (const app of [one, other, one, other]) await others(app);
    const order = { items: [{ product_id: ids[0], quantity: 1 }], shipping_address: 'x', payment_method: 'card' };
    const placed = await one.post('/orders', order, { as: buyer });
    expect(placed.status).toBe(201);
    await until(both, bothAre([[0, 5], 1, [0, 5], 1, 1]));
    for (const app of [one, other]) for (const answer of await others(app)) expect(statusOf(answer)).toMatch(/^techmart; ?hit/);
    expect((await one.post(`/orders/${placed.body['id']}/cancel`, undefined, { as: buyer })).status).toBe(200);
    await until(both, bothAre(full));
  });

  it('keeps a cart until it or a product in it changes, and shows that at once', async () => {
    const { token } = await newUser(one);
    const products = [await newProduct(one, { price: 5 }), await newProduct(one, { price: 7 })];
    const carts = () => Promise.all([one, other].map(async (app) => (await app.get('/cart', { as: token })).body));
    const totals = async () => (await carts()).map((cart) => cart['total_amount']);
    for (const product_id of products) expect((await one.post('/cart/add', { product_id, quantity: 2 }, { as: token })).status).toBe(200);
    expect(await totals()).toEqual([24, 24]);
    const { count } = await one.queriesOf(carts);
    expect(count).toBe(0);
    await other.patch(`/products/${products[0]}`, { price: 6 }, { as: admin });
    expect(await totals()).toEqual([26, 26]);
    await other.call('PATCH', `/cart/items/${products[1]}`, { quantity: 1 }, { as: token });
    expect(await totals()).toEqual([19, 19]);
    await one.patch(`/products/${products[1]}`, { stock_quantity: 0 }, { as: admin });
    expect((await carts()).map(({ items }) => items.map((item: Json) => item['available']))).toEqual([
      [true, false],
      [true, false],
    ]);
    await one.delete(`/cart/items/${products[1]}`, { as: token });
    const order = { shipping_address: 'x', payment_method: 'card' };
    expect((await other.post('/orders', order, { as: token })).status).toBe(201);
    expect(await totals()).toEqual([0, 0]);
  });

  it('never gives one user what is another’s', async () => {
    const [customer, seller] = [await one.token('customer'), await one.token('seller')];
    const ids = await Promise.all([customer, seller, customer].map(async (as) => (await one.get('/users/profile', { as })).body['id']));
    expect(ids).toEqual([3, 2, 3]);
  });

  it('knows a new session on either replica without a look at the database', async () => {
    const token = await one.token('seller');
    for (const app of [one, other]) {
      const { statements, result } = await app.queriesOf(() => app.get('/users/profile', { as: token }));
      expect([result.status, statements.filter((sql) => sql.includes(' sessions '))]).toEqual([200, []]);
    }
  });

  it('lets nobody in whose session has ended, on either replica', async () => {
    const token = await one.token('customer');
    for (const app of [one, other]) expect((await app.get('/users/profile', { as: token })).status).toBe(200);
    const rest = await one.token('customer');
    expect((await one.delete('/users/profile/sessions', { as: rest })).status).toBe(204);
    for (const app of [one, other]) expect((await app.get('/users/profile', { as: token })).status).toBe(401);
  });

  it('answers while Redis is away, and nothing old once it is back', async () => {
    await read(other, '/products/13');
    await redis.kill();
    expect((await one.patch('/products/13', { price: 1313.13, sale_price: null }, { as: admin })).status).toBe(200);
    for (const app of [one, other]) expect((await read(app, '/products/13')).body['price']).toBe(1313.13);
    await redis.start();
    for (let round = 0; round < 20; round += 1) {
      for (const app of [one, other]) expect((await read(app, '/products/13')).body['price']).toBe(1313.13);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }, 60_000);
});
