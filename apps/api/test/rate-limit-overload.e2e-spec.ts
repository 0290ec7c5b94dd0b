import { RateLimitService } from '@app/rate-limit';
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { QueryRunner } from 'typeorm';
import { loadConfig, type Config } from '../src/config.js';
import { startTestApp, type Answer, type TestApp } from './app.harness.js';
import { newProduct, newUser, placeOrder } from './checkout.fixture.js';

const limits = loadConfig({ LOAD_LEVEL: 'low', RATE_LIMITS: '*=10000' }).rateLimit;
const four = { initial: 4, min: 4, max: 4 };

const start = (rateLimit: Partial<Config['rateLimit']>): Promise<TestApp> =>
  startTestApp({
    config: (config) => ({
      ...config,
      database: { ...config.database, poolSize: 30, acquireTimeoutMs: 30_000 },
      rateLimit: { ...limits, concurrency: four, ...rateLimit },
    }),
  });

const concurrencyOf = (app: TestApp) => app.resolve<RateLimitService>(RateLimitService).stats().concurrency;

async function until(isSo: () => boolean): Promise<void> {
  for (let attempt = 0; !isSo(); attempt += 1) {
    if (attempt > 1500) throw new Error('it did not happen within 30 s');
    await sleep(20);
  }
}

/** Holds every query on products until it is let go. */
async function holdProducts(app: TestApp): Promise<{ letGo: () => Promise<void> }> {
  const runner: QueryRunner = app.dataSource.createQueryRunner();
  await runner.startTransaction();
  await runner.query('LOCK TABLE products IN ACCESS EXCLUSIVE MODE');
  return {
    letGo: async () => {
      await runner.rollbackTransaction();
      await runner.release();
    },
  };
}

describe('a process at its capacity of four', () => {
  let app: TestApp;
  let held: { letGo: () => Promise<void> };
  let busy: Promise<Answer>[];

  const fill = async (count: number): Promise<void> => {
    held = await holdProducts(app);
    busy = Array.from({ length: count }, () => app.get('/products/1'));
    await until(() => concurrencyOf(app).inFlight === count);
  };
  const empty = async (): Promise<number[]> => {
    await held.letGo();
    const answers = await Promise.all(busy);
    await until(() => concurrencyOf(app).inFlight === 0);
    return answers.map(({ status }) => status);
  };

  afterEach(() => app.close());

  it('answers 503 with Retry-After at once, says why, and serves again when a place is free', async () => {
    app = await start({});
    await fill(4);
    const refused = await app.get('/products/2');
    expect([refused.status, refused.headers['retry-after'], refused.headers['x-system-load']]).toEqual([503, '1', 'low']);
    expect(refused.body).toMatchObject({
      type: 'https://techmart.dev/problems/temporary-reduced-capacity',
      title: 'The service is at its capacity',
      retry_after: 1,
      policy: 'GET /products/:id',
      priority: 3,
      load_level: 'low',
    });
    expect(await empty()).toEqual([200, 200, 200, 200]);
    expect((await app.get('/products/2')).status).toBe(200);
  });

  it('takes nothing off the quota of whom it refuses so', async () => {
    app = await start({});
    await fill(4);
    for (let count = 0; count < 20; count += 1) await app.get('/products/2');
    await empty();
    expect((await app.get('/products/2')).headers['x-ratelimit-remaining']).toBe('9995');
  });

  it('refuses lists before details, keeps the last places for carts and orders, and never refuses health', async () => {
    app = await start({});
    await fill(3);
    const statusOf = async (path: string) => (await app.get(path)).status;
    expect([await statusOf('/categories'), await statusOf('/cart'), await statusOf('/health/live')]).toEqual([503, 401, 200]);
    busy.push(app.get('/products/1'));
    await until(() => concurrencyOf(app).inFlight === 4);
    expect([await statusOf('/cart'), await statusOf('/orders'), await statusOf('/health/live')]).toEqual([503, 503, 200]);
    expect(await empty()).toEqual([200, 200, 200, 200]);
  });

  it('lets check-outs wait for their turn, up to the bound of the queue, and loses none', async () => {
    app = await start({ queueLimit: 3 });
    const buyer = await newUser(app);
    const product = await newProduct(app);
    await fill(4);
    const checkOut = () => placeOrder(app, buyer, [[product, 1]]);
    const waiting = [checkOut(), checkOut(), checkOut()];
    await until(() => concurrencyOf(app).waiting === 3);
    const refused = await checkOut();
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '1']);
    await empty();
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([201, 201, 201]);
  });

  it('counts work that goes on for a client that has left, and no longer', async () => {
    app = await start({});
    await app.nest.listen(0, '127.0.0.1');
    const url = (await app.nest.getUrl()).replace('[::1]', '127.0.0.1');
    held = await holdProducts(app);
    const leaving = [1, 2, 3, 4].map(() => get(`${url}/products/1`).on('error', () => undefined));
    await until(() => concurrencyOf(app).inFlight === 4);
    for (const request of leaving) request.destroy();
    await until(() => leaving.every((request) => request.closed));
    expect((await app.get('/products/2')).status).toBe(503);
    expect(concurrencyOf(app).inFlight).toBe(4);
    await held.letGo();
    await until(() => concurrencyOf(app).inFlight === 0);
    expect((await app.get('/products/2')).status).toBe(200);
  });

  it('gives the place back whatever the answer: refused by a guard, by validation, not found, refused by the limit', async () => {
    app = await start({ overrides: [{ route: 'GET /products', limit: 1, algorithm: 'sliding-log' }] });
    const paths = ['/orders', '/products/x', '/products/999999999', '/products?page=x', '/products', '/products', '/nothing', '/docs/'];
    const statuses = [];
    for (const path of paths) statuses.push((await app.get(path)).status);
    expect(statuses).toEqual([401, 400, 404, 400, 429, 429, 404, 200]);
    await until(() => concurrencyOf(app).inFlight === 0);
    expect(concurrencyOf(app)).toEqual({ limit: 4, inFlight: 0, waiting: 0 });
  });

  it('refuses exports outright at a critical level, and later', async () => {
    app = await start({ loadLevel: 'critical' });
    const token = await app.token('customer');
    const refused = await app.get('/users/profile/export', { as: token });
    expect([refused.status, refused.headers['retry-after'], refused.body['load_level']]).toEqual([503, '4', 'critical']);
    expect((await app.get('/users/profile', { as: token })).status).toBe(200);
  });

  it('only counts in shadow mode', async () => {
    app = await start({ mode: 'shadow' });
    await fill(4);
    busy.push(app.get('/products/2'));
    await until(() => concurrencyOf(app).inFlight === 5);
    expect(await empty()).toEqual([200, 200, 200, 200, 200]);
    expect(app.resolve<RateLimitService>(RateLimitService).stats().policies['GET /products/:id']).toMatchObject({
      allowed: 5,
      shadowed: 1,
    });
  });
});
