import { describeRedis, RedisServer } from '../../../../libs/cache/test/redis-server.js';
import type { Json } from '../app.harness.js';
import { Fleet, type Both, type Replica } from './replicas.fixture.js';

describeRedis('a crowd on one key', () => {
  let redis: RedisServer;
  let fleet: Fleet;
  let both: Both;
  beforeAll(async () => {
    redis = await RedisServer.start();
    fleet = await Fleet.create(redis);
    both = await fleet.start(['slow-loads'], { SLOW_LOAD_MS: '200' });
  }, 120_000);
  afterAll(async () => {
    await fleet.close();
    await redis.stop();
  });

  /** How often the row of a product was asked for, as the profiler of the replica has counted it. */
  async function statements(replica: Replica): Promise<number> {
    const { text } = await replica.get('/profiling/queries?limit=500', fleet.admin);
    const all = (JSON.parse(text) as Json)['statements'] as Json[];
    return all.find((statement) => String(statement['text']).includes('WHERE p.id = ? AND p.is_active'))?.['calls'] ?? 0;
  }
  const sum = async (of: (replica: Replica) => Promise<number>): Promise<number> =>
    (await Promise.all(both.map(of))).reduce((total, count) => total + count, 0);
  const loads = async (replica: Replica): Promise<number> =>
    ((await fleet.statsOf(replica))['types'] as Json[]).find(({ type }) => type === 'product_detail')?.['loads'] as number;

  it('costs one load, for 1,000 reads of a removed key at once on two replicas', async () => {
    const [product, other] = await fleet.products(2);
    const path = `/products/${product}`;
    const crowd = (to: string) => Promise.all(Array.from({ length: 1000 }, (_, index) => both[(index % 2) as 0 | 1].get(to)));
    // So that 1,000 connections are open: a process that accepts them hears Redis too late, and loads for itself.
    await crowd(`/products/${other}`);
    for (const replica of both) expect((await replica.get(path)).status).toBe(200);
    const [statementsBefore, loadsBefore] = [await sum(statements), await sum(loads)];
    await both[0].call('POST', '/cache/invalidate', fleet.admin, { tags: [`product:${product}`] });
    const answers = await crowd(path);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect([(await sum(statements)) - statementsBefore, (await sum(loads)) - loadsBefore]).toEqual([1, 1]);
  });
});
