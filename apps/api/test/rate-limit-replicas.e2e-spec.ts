import { RateLimitService } from '@app/rate-limit';
import { RedisServer, until } from '../../../libs/rate-limit/test/redis-server.fixture.js';
import { loadConfig } from '../src/config.js';
import { startTestApp, type Answer, type TestApp } from './app.harness.js';
import { describeWith } from './setup/services.js';

const limits = loadConfig({ LOAD_LEVEL: 'low', RATE_LIMITS: 'GET /products/:id=100' }).rateLimit;

describeWith('redis-server', () => {
  let redis: RedisServer;
  let replicas: TestApp[];

  const startReplica = (): Promise<TestApp> =>
    startTestApp({
      config: (config) => ({
        ...config,
        http: { ...config.http, trustProxy: 'loopback' },
        database: { ...config.database, acquireTimeoutMs: 30_000 },
        redis: { url: undefined, stateUrl: redis.url },
        // Long, since this machine may be busy with other things than answering.
        rateLimit: { ...limits, redisDeadlineMs: 2000 },
      }),
    });
  beforeEach(async () => {
    redis = await RedisServer.start();
    replicas = await Promise.all([startReplica(), startReplica()]);
  });
  afterEach(async () => {
    await Promise.all(replicas.map((replica) => replica.close()));
    await redis.stop();
  });

  const ask = (replica: TestApp, address: string): Promise<Answer> =>
    replica.get('/products/1', { headers: { 'x-forwarded-for': address } });
  const sharedOf = (replica: TestApp) => replica.resolve<RateLimitService>(RateLimitService).stats().shared;
  const isAway = () => replicas.map((replica) => sharedOf(replica)?.isAway);

  /** So many at once, spread over the replicas; how many got which answer. */
  async function burst(count: number, address: string): Promise<Record<number, number>> {
    const answers = await Promise.all(Array.from({ length: count }, (_, index) => ask(replicas[index % 2]!, address)));
    const counted: Record<number, number> = {};
    for (const { status } of answers) counted[status] = (counted[status] ?? 0) + 1;
    return counted;
  }

  it('lets exactly 100 of 1,000 requests through that come at once', async () => {
    expect(await burst(1000, '192.0.2.1')).toEqual({ 200: 100, 429: 900 });
    expect(await burst(50, '192.0.2.1')).toEqual({ 429: 50 });
    expect(await burst(200, '192.0.2.2')).toEqual({ 200: 100, 429: 100 });
  });

  it('counts a client on one replica when it moves to the other', async () => {
    await ask(replicas[0]!, '192.0.2.1');
    expect((await ask(replicas[1]!, '192.0.2.1')).headers['x-ratelimit-remaining']).toBe('98');
  });

  it('goes on by itself when Redis is killed, each replica with its limit, and shares again when it is back', async () => {
    expect(await burst(60, '192.0.2.1')).toEqual({ 200: 60 });
    const running = burst(400, '192.0.2.2');
    await redis.kill();
    const during = await running;
    expect(Object.keys(during)).toEqual(['200', '429']);
    expect(during[200]).toBeGreaterThanOrEqual(100);
    expect(during[200]).toBeLessThanOrEqual(200);
    // Thirty of the sixty before were this replica's own: seventy are left to it.
    expect(await burst(400, '192.0.2.1')).toEqual({ 200: 140, 429: 260 });
    expect(isAway()).toEqual([true, true]);
    expect((await replicas[0]!.get('/health')).body).toEqual({ status: 'degraded' });

    await redis.run();
    await until(() => isAway().every((away) => away === false));
    expect(await burst(400, '192.0.2.3')).toEqual({ 200: 100, 429: 300 });
    // What a replica let through in the meantime still counts with it.
    expect(await burst(100, '192.0.2.1')).toEqual({ 429: 100 });
    expect(sharedOf(replicas[0]!)).toMatchObject({ failures: 1 });
  }, 120_000);

  it('limits log-in while Redis is away as well', async () => {
    await redis.kill();
    const statuses = [];
    for (let attempt = 0; attempt < 12; attempt += 1) {
      const body = { email: 'customer@techmart.test', password: 'not the password' };
      const { status } = await replicas[0]!.post('/auth/login', body, { headers: { 'x-forwarded-for': `198.51.100.${attempt}` } });
      statuses.push(status);
    }
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 401), 429, 429]);
  }, 60_000);

  it('does not wait for a Redis that has stopped answering, and comes back to it', async () => {
    expect(await burst(2, '192.0.2.1')).toEqual({ 200: 2 });
    redis.freeze();
    expect(await burst(10, '192.0.2.2')).toEqual({ 200: 10 });
    expect(isAway()).toEqual([true, true]);
    redis.thaw();
    await until(() => isAway().every((away) => away === false));
    expect(await burst(300, '192.0.2.3')).toEqual({ 200: 100, 429: 200 });
  }, 120_000);
});
