import { CACHE_MANAGER } from '@nestjs/cache-manager';
import { Test } from '@nestjs/testing';
import type { Cache as StandardCache } from 'cache-manager';
import { CacheModule, type CacheOptions } from '../src/index.js';
import { until } from './cache.fixture.js';
import { describeRedis, RedisServer, type RedisTestClient } from './redis-server.js';

async function openStandard(options: Partial<CacheOptions>) {
  const module = await Test.createTestingModule({ imports: [CacheModule.forRoot({ types: {}, ...options })] }).compile();
  await module.init();
  return { cache: module.get<StandardCache>(CACHE_MANAGER), close: () => module.close() };
}

const session = { userId: 42, roles: ['customer'], since: '2026-01-01' };

describe('CACHE_MANAGER without Redis', () => {
  it('is a map of this process', async () => {
    const { cache, close } = await openStandard({});
    await cache.set('session:1', session, 60_000);
    expect(await cache.get('session:1')).toEqual(session);
    await cache.set('short', 1, 1);
    await until(async () => (await cache.get('short')) === undefined);
    await cache.del('session:1');
    expect(await cache.get('session:1')).toBeUndefined();
    await close();
  });
});

describeRedis('CACHE_MANAGER on Redis', () => {
  let server: RedisServer;
  let client: RedisTestClient;
  let opened: Awaited<ReturnType<typeof openStandard>>;
  beforeEach(async () => {
    server = await RedisServer.start();
    const subscriber = await server.connect();
    client = await server.connect();
    opened = await openStandard({ redis: { commands: client, subscriber }, deadlineMs: 500, probeMs: 20, heartbeatMs: 300 });
  });
  afterEach(async () => {
    server.thaw();
    await opened.close();
    await server.stop();
  });

  it('keeps values with their lifetime, for every replica', async () => {
    const { cache } = opened;
    await cache.set('session:1', session, 60_000);
    await cache.mset<unknown>([
      { key: 'a', value: 1 },
      { key: 'b', value: { c: null } },
    ]);
    const other = await openStandard({ redis: { commands: await server.connect(), subscriber: await server.connect() } });
    expect([await other.cache.get('session:1'), await other.cache.mget(['a', 'none', 'b'])]).toEqual([
      session,
      [1, undefined, { c: null }],
    ]);
    expect(await client.pTTL('cache-std:session:1')).toBeGreaterThan(0);
    await cache.mdel(['a', 'b']);
    await cache.del('session:1');
    expect(await other.cache.mget(['a', 'b', 'session:1'])).toEqual([undefined, undefined, undefined]);
    await other.close();
  });

  it('clears its own keys and nothing else', async () => {
    const { cache } = opened;
    await client.set('somebody-else', 'x');
    for (let id = 0; id < 1200; id += 1) await cache.set(`session:${id}`, id);
    await cache.clear();
    expect([await cache.get('session:7'), await client.get('somebody-else')]).toEqual([undefined, 'x']);
    expect(await client.keys('cache-std:*')).toEqual([]);
  });

  it('takes a value that is no JSON for a miss', async () => {
    await client.set('cache-std:session:1', '{torn');
    expect(await opened.cache.get('session:1')).toBeUndefined();
    await opened.cache.set('session:1', session);
    expect(await opened.cache.get('session:1')).toEqual(session);
  });

  it.each([
    ['killed', () => server.kill(), () => server.start()],
    ['frozen', async () => server.freeze(), async () => server.thaw()],
  ])('goes on while Redis is %s, and comes back by itself', async (_how, fault, repair) => {
    const { cache } = opened;
    await cache.mset<unknown>([
      { key: 'session:1', value: session },
      { key: 'session:2', value: 'old' },
      { key: 'ended', value: session },
    ]);
    await fault();
    await cache.del('ended');
    for (let turn = 0; turn < 10; turn += 1) {
      await cache.set('session:2', turn);
      expect([await cache.get('session:1'), await cache.mget(['session:1', 'x'])]).toEqual([undefined, [undefined, undefined]]);
    }
    await repair();
    await until(async () => {
      await cache.set('session:3', session);
      return (await cache.get('session:3')) !== undefined;
    });
    expect([await cache.get('session:3'), await cache.get('session:2'), await cache.get('ended')]).toEqual([session, undefined, undefined]);
  });
});
