import { describeRedis, RedisServer } from '../../../libs/cache/test/redis-server.js';
import type { Config } from '../src/config.js';
import { startTestApp, type Json, type TestApp } from './app.harness.js';

describeRedis('what an admin may ask the cache and do to it', () => {
  let redis: RedisServer;
  let one: TestApp;
  let other: TestApp;
  let admin: string;
  beforeAll(async () => {
    redis = await RedisServer.start();
    const config = (base: Config): Config => ({
      ...base,
      redis: { url: redis.url, stateUrl: redis.url },
      cache: { ...base.cache, isEnabled: true },
    });
    one = await startTestApp({ config });
    other = await startTestApp({ config, beside: one });
    admin = await one.token('admin');
  });
  afterAll(async () => {
    await other.close();
    await one.close();
    await redis.stop();
  });

  const read = (path: string, app = one) => app.get(path);
  const ask = async (path: string, app = one): Promise<Json> => (await app.get(path, { as: admin })).body;
  const invalidate = (body: Json, app = one) => app.post('/cache/invalidate', body, { as: admin });
  const typeIn = (stats: Json, type: string): Json => stats['types'].find((figures: Json) => figures['type'] === type);
  const isHit = async (path: string, app = other) => (await read(path, app)).headers['cache-status']?.startsWith('techmart; hit') ?? false;

  it('counts by type and layer, with the figures of Redis', async () => {
    const before = await ask('/cache/stats');
    for (let turn = 0; turn < 3; turn += 1) await read('/products/20');
    await read('/products/20', other);
    const [after, beside] = [await ask('/cache/stats'), await ask('/cache/stats', other)];
    const [was, is] = [typeIn(before, 'product_detail'), typeIn(after, 'product_detail')];
    expect([is['loads'] - was['loads'], is['l1'].hits - was['l1'].hits, is['l1'].misses - was['l1'].misses]).toEqual([1, 2, 1]);
    expect([is['entries'] - was['entries'], is['l1'].stale, is['load_errors'], is['evictions']]).toEqual([1, 0, 0, 0]);
    expect(is['bytes']).toBeGreaterThan(was['bytes']);
    expect(is['load_ms']).toBeGreaterThanOrEqual(0);
    expect(is['hit_ratio']).toBeCloseTo((is['l1'].hits + is['l2'].hits) / is['reads']);
    expect(typeIn(beside, 'product_detail')['l2']).toMatchObject({ hits: 1, misses: 0 });
    expect(after['l2']).toMatchObject({ circuit: 'closed', pending_invalidations: 0 });
    // A replica is heard of by its next heartbeat.
    let { backplane } = after;
    while (backplane['peers'] !== 1) ({ backplane } = await ask('/cache/stats'));
    expect(backplane).toMatchObject({ is_attached: true, peers: 1, gaps: 0 });
    const { keyspace_hits: hits, keyspace_misses: misses, hit_rate: rate, ...rest } = after['redis'] as Record<string, number>;
    expect(rate).toBeCloseTo(((hits ?? 0) / ((hits ?? 0) + (misses ?? 0))) * 100);
    expect(Object.keys(rest).toSorted()).toEqual(['connected_clients', 'total_commands_processed', 'used_memory']);
    // Its commands, its subscription and the limiter's, of two replicas.
    expect(rest['connected_clients']).toBe(6);
  });

  it('lists keys by a glob, with their types, no more than it is asked for', async () => {
    for (const id of [31, 32, 33]) await read(`/products/${id}`);
    const found = await ask('/cache/keys?pattern=prod:3?:*');
    expect(found['is_complete']).toBe(true);
    expect(found['keys'].map(({ key }: Json) => key).toSorted()).toEqual([31, 32, 33].map((id) => `prod:${id}:~/products/{id}`));
    expect(new Set(found['keys'].map(({ type }: Json) => type))).toEqual(new Set(['product_detail']));
    const two = await ask('/cache/keys?pattern=prod:3?:*&limit=2');
    expect([two['keys'].length, two['is_complete']]).toEqual([2, false]);
  });

  it('explains a key: its layers, what ends it, what a read would do', async () => {
    const key = 'prod:41:~/products/{id}';
    const explain = async () => ask(`/cache/explain?key=${encodeURIComponent(key)}`);
    expect(await explain()).toMatchObject({
      key,
      type: 'product_detail',
      l1: { state: 'absent' },
      l2: { state: 'absent' },
      decision: 'load',
    });
    await read('/products/41', other);
    expect(await explain()).toMatchObject({ l1: { state: 'absent', age_ms: null }, l2: { state: 'fresh' }, decision: 'L2 hit' });
    await read('/products/41');
    const known = await explain();
    expect(known).toMatchObject({ l1: { state: 'fresh' }, l2: { state: 'fresh' }, is_loading: false, decision: 'L1 hit' });
    expect(known['l2'].names.map(({ name }: Json) => name)).toEqual(
      expect.arrayContaining(['p:prod', 'p:prod:41', 't:product:41', 't:category-names']),
    );
    expect(known['l2'].fresh_for_ms).toBeGreaterThan(3_200_000);
    expect(await ask('/cache/explain?key=unheard-of')).toMatchObject({ type: null, decision: 'load' });
  });

  it.each([
    ['a tag', { tags: ['product:51'] }, null],
    ['a prefix', { pattern: 'prod:51:*' }, null],
    ['a glob', { pattern: 'prod:*1:*' }, expect.any(Number)],
    ['a type', { type: 'product_detail' }, null],
  ])('ends entries by %s, on both replicas', async (_by, body, keys) => {
    for (const app of [one, other]) await read('/products/51', app);
    expect([await isHit('/products/51', one), await isHit('/products/51')]).toEqual([true, true]);
    const answer = await invalidate(body);
    expect([answer.status, answer.body]).toEqual([200, { verb: 'remove', keys }]);
    expect([await isHit('/products/51'), await isHit('/products/51', one)]).toEqual([false, true]);
  });

  it('lets an expired entry be answered while it is loaded again, and a removed one not', async () => {
    await read('/products/52');
    expect((await invalidate({ tags: ['product:52'], verb: 'expire' })).body['verb']).toBe('expire');
    expect((await read('/products/52')).headers['cache-status']).toMatch(/^techmart; hit.*stale/);
    await invalidate({ tags: ['product:52'] });
    expect((await read('/products/52')).headers['cache-status']).toContain('fwd=uri-miss');
  });

  const oneOf = 'exactly one of tags, pattern and type';

  it.each([
    [{}, oneOf],
    [{ tags: ['a'], pattern: 'b' }, oneOf],
    [{ type: 'unheard_of' }, oneOf],
    [[], oneOf],
    [{ tags: [] }, '/tags: Too small'],
    [{ tags: [1] }, oneOf],
    [{ pattern: '' }, '/pattern: Too small'],
    [{ tags: ['a'], verb: 'forget' }, oneOf],
  ])('refuses %j', async (body, why) => {
    const answer = await invalidate(body);
    expect([answer.status, answer.body['detail']]).toEqual([400, expect.stringContaining(why)]);
  });

  it.each(['/cache/explain', '/cache/explain?key=', '/cache/keys?limit=0', '/cache/keys?limit=1001', '/cache/keys?pattern='])(
    'refuses %s',
    async (path) => {
      expect((await one.get(path, { as: admin })).status).toBe(400);
    },
  );

  it('writes down who ended what', async () => {
    await invalidate({ pattern: 'prod:61:*', verb: 'expire' });
    const { entries } = await ask('/audit?action=cache.invalidate&page_size=1');
    expect(entries[0]).toMatchObject({ actor: { id: 1 }, entity_type: 'cache', changes: { pattern: 'prod:61:*', verb: 'expire' } });
  });

  it('says what can be said without Redis, and does not pretend to have scanned it', async () => {
    await redis.kill();
    try {
      const opened = (stats: Json): boolean => stats['l2'].circuit === 'open';
      let stats = await ask('/cache/stats');
      for (let tries = 0; tries < 100 && !opened(stats); tries += 1) stats = await ask('/cache/stats');
      expect([stats['redis'], opened(stats)]).toEqual([null, true]);
      expect(stats['l2'].openings).toBeGreaterThan(0);
      expect(await ask('/cache/explain?key=prod:1')).toMatchObject({ l2: { state: 'away' }, decision: 'load' });
      expect((await ask('/cache/keys?pattern=prod:*'))['keys']).toEqual([]);
      expect((await invalidate({ pattern: 'prod:*1*' })).status).toBe(503);
      expect((await invalidate({ type: 'product_detail' })).status).toBe(200);
    } finally {
      await redis.start();
    }
  });
});
