import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { CacheEngine } from '../src/cache.engine.js';
import { Cache } from '../src/cache.js';
import { CacheProbe, type CacheOptions } from '../src/index.js';
import { Gate, patient, until } from './cache.fixture.js';
import { openShop, type Shop } from './http.fixture.js';
import { describeRedis, RedisServer } from './redis-server.js';

interface ReplicaApp {
  readonly app: NestFastifyApplication;
  readonly shop: Shop;
}

describeRedis('@ResponseCache on two replicas', () => {
  let server: RedisServer;
  const open: NestFastifyApplication[] = [];
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server.stop());
  afterEach(async () => {
    await Promise.all(open.splice(0).map((app) => app.close()));
    await server.connect().then((client) => client.flushAll());
  });

  async function replica(options: Partial<CacheOptions> = {}): Promise<ReplicaApp> {
    const [commands, subscriber] = await Promise.all([server.connect(), server.connect()]);
    const made = await openShop({ redis: { commands, subscriber }, ...patient, ...options });
    open.push(made.app);
    await until(() => made.app.get(CacheEngine).shared?.backplane.isAttached === true);
    return made;
  }
  const two = (options?: Partial<CacheOptions>) => Promise.all([replica(options), replica(options)]);
  const get = ({ app }: ReplicaApp, url = '/products/7', headers = {}) => app.inject({ method: 'GET', url, headers });
  const name = async (where: ReplicaApp) => (await get(where)).json<{ name: string }>().name;

  /** Replica b reads the old row, slowly; a writes the new one and invalidates; b finishes. What is answered from then on? */
  async function raceOverHttp([a, b]: [ReplicaApp, ReplicaApp]): Promise<{ slow: string; after: string[] }> {
    const gate = new Gate();
    b.shop.before = () => gate.passed;
    const slow = name(b);
    await until(() => b.shop.runs['detail'] === 1);
    b.shop.before = async () => undefined;
    for (const { shop } of [a, b]) shop.name = 'new';
    await a.app.get<Cache>(Cache).invalidateTags(['product:7']);
    gate.open();
    return { slow: await slow, after: [await name(a), await name(b), await name(a), await name(b)] };
  }

  it('never answers what was read before an acknowledged write', async () => {
    expect(await raceOverHttp(await two())).toEqual({ slow: 'old', after: ['new', 'new', 'new', 'new'] });
  });

  it('would answer it, on both replicas, without the fence', async () => {
    expect(await raceOverHttp(await two({ isFenced: false }))).toEqual({ slow: 'old', after: ['old', 'old', 'old', 'old'] });
  });

  it('answers the second replica from Redis: body, forms, validator and headers', async () => {
    const [a, b] = await two();
    const first = await get(a);
    const second = await get(b, '/products/7', { 'accept-encoding': 'br' });
    expect(second.body).toBe(first.body);
    expect([second.headers['cache-status'], second.headers.etag]).toEqual([
      expect.stringMatching(/^Shop; hit; ttl=\d+; detail="L2 age=\d+"$/),
      first.headers.etag,
    ]);
    expect((await get(b)).headers['cache-status']).toMatch(/detail="L1 age=\d+"$/);
    const missing = [await get(a, '/products/404'), await get(b, '/products/404')];
    expect(missing.map(({ statusCode, body }) => `${statusCode} ${body}`)).toEqual(
      Array.from({ length: 2 }, () => '404 {"message":"No such product: There is no product 404."}'),
    );
    expect(b.shop.runs).toEqual({});
  });

  it('runs one handler for 1,000 concurrent misses on two replicas', async () => {
    const [a, b] = await two();
    const gate = new Gate();
    for (const { shop } of [a, b]) shop.before = () => gate.passed;
    const all = Promise.all(Array.from({ length: 1000 }, (_, index) => get(index % 2 === 0 ? a : b)));
    await until(() => (a.shop.runs['detail'] ?? 0) + (b.shop.runs['detail'] ?? 0) > 0);
    gate.open();
    const answers = await all;
    expect((a.shop.runs['detail'] ?? 0) + (b.shop.runs['detail'] ?? 0)).toBe(1);
    expect(new Set(answers.map(({ statusCode, body }) => `${statusCode} ${body}`)).size).toBe(1);
  });

  it('fails no request while Redis is killed and comes back in the middle of a load, and serves nothing old afterwards', async () => {
    const own = await RedisServer.start();
    const [commands, subscriber] = await Promise.all([own.connect(), own.connect()]);
    const made = await openShop({ redis: { commands, subscriber }, probeMs: 20, settleMs: 100, heartbeatMs: 200 });
    open.push(made.app);
    const [engine, probe] = [made.app.get(CacheEngine), made.app.get(CacheProbe)];
    await until(() => engine.shared?.backplane.isAttached === true);
    const statuses = new Set<number>();
    const load = { isOver: false };
    const clients = Array.from({ length: 8 }, async (_, client) => {
      for (let turn = 0; !load.isOver; turn += 1) {
        const url = turn % 3 === 0 ? '/products' : `/products/${client}${turn % 5}`;
        statuses.add((await made.app.inject({ method: 'GET', url })).statusCode);
        // An injected request needs no turn of the event loop, which all else here waits for.
        await new Promise(setImmediate);
        if (turn % 7 === 0) await made.app.get<Cache>(Cache).invalidateTags([`product:${client}0`]);
      }
    });
    expect((await probe.check()).status).toBe('up');
    await own.kill();
    await until(() => engine.shared?.breaker.state === 'open');
    expect(await probe.check()).toMatchObject({ status: 'degraded', details: { circuit: 'open' } });
    made.shop.name = 'new';
    await made.app.get<Cache>(Cache).invalidateTags(['products', 'product:70']);
    await own.start();
    await until(async () => (await probe.check()).status === 'up');
    load.isOver = true;
    await Promise.all(clients);
    expect([...statuses]).toEqual([200]);
    expect((await made.app.inject({ method: 'GET', url: '/products/70' })).json<{ name: string }>().name).toBe('new');
    await made.app.close();
    open.pop();
    await own.stop();
  });
});
