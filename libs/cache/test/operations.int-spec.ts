import { defineCacheTypes } from '../src/cache-types.js';
import { Gate, openReplica, until, type Replica } from './cache.fixture.js';
import { describeRedis, RedisServer } from './redis-server.js';

const types = defineCacheTypes({
  profile: { ttl: 3600, prefix: 'profile', strategy: 'write-through', consistency: 'strict' },
  tree: { ttl: 3600, prefix: 'tree', strategy: 'read-through' },
  list: { ttl: 1800, prefix: 'list', grace: 3600 },
});
type Name = keyof typeof types;

describeRedis('operations on two replicas', () => {
  let server: RedisServer;
  let a: Replica<Name>;
  let b: Replica<Name>;
  let id = 0;
  beforeAll(async () => {
    server = await RedisServer.start();
    [a, b] = await Promise.all([openReplica<Name>(server, { types }), openReplica<Name>(server, { types })]);
    await until(() => [a, b].every(({ engine }) => engine.shared?.backplane.figures.peers === 1));
  });
  beforeEach(() => {
    id += 1;
  });
  afterAll(async () => {
    await Promise.all([a.close(), b.close()]);
    await server.stop();
  });

  const load = (replica: Replica<Name>, value: unknown) => replica.cache.getOrLoad('profile', id, () => value);

  describe('write-through', () => {
    it('stores what the writer gave, for both replicas', async () => {
      await load(b, 'old');
      expect(await a.cache.write('profile', id, async () => ({ name: 'new' }))).toEqual({ name: 'new' });
      expect([await load(a, 'unread'), await load(b, 'unread')]).toEqual([{ name: 'new' }, { name: 'new' }]);
    });

    it('answers the old value until the writer is done, and never again afterwards', async () => {
      await load(b, 'old');
      const gate = new Gate();
      const writing = a.cache.write('profile', id, () => gate.passed.then(() => 'new'));
      expect(await load(b, 'unread')).toBe('old');
      gate.open();
      await writing;
      expect(await load(b, 'unread')).toBe('new');
    });

    it('stores neither of two writers who overlap, since nobody knows which was last', async () => {
      const gate = new Gate();
      const first = a.cache.write('profile', id, () => gate.passed.then(() => 'first'));
      await b.cache.write('profile', id, async () => 'second');
      gate.open();
      await first;
      expect(await load(b, 'as the database has it')).toBe('as the database has it');
    });

    it('keeps nothing of a load that the write has overtaken', async () => {
      const [begun, gate] = [new Gate(), new Gate()];
      const slow = b.cache.getOrLoad('profile', id, async () => {
        begun.open();
        await gate.passed;
        return 'old';
      });
      await begun.passed;
      await a.cache.write('profile', id, async () => 'new');
      gate.open();
      expect(await slow).toBe('old');
      expect([await load(a, 'unread'), await load(b, 'unread')]).toEqual(['new', 'new']);
    });

    it('removes the entry when the writer fails, for it may have written', async () => {
      await load(b, 'old');
      const failing = a.cache.write('profile', id, async () => {
        throw new Error('connection lost at commit');
      });
      await expect(failing).rejects.toThrow('connection lost at commit');
      expect(await load(b, 'new')).toBe('new');
    });

    it('removes the entry of a type that is not write-through, and of a value that cannot be kept', async () => {
      await a.cache.set('list', id, 'old');
      await a.cache.write('list', id, async () => 'new');
      await a.cache.write('profile', id, async () => 1n);
      expect([await b.cache.get('list', id), await b.cache.get('profile', id)]).toEqual([undefined, undefined]);
    });
  });

  it('read-through: loads with the loader and the tags that were defined', async () => {
    let loads = 0;
    expect(() => a.cache.read('tree', id)).toThrow('cache type tree has no loader');
    a.cache.define('tree', { load: async (root) => ({ root, loads: (loads += 1) }), tags: () => ['categories'] });
    expect([await a.cache.read('tree', id), await a.cache.read('tree', id)]).toEqual(
      Array.from({ length: 2 }, () => ({ root: id, loads: 1 })),
    );
    await b.cache.invalidateTags(['categories']);
    expect(await a.cache.read('tree', id)).toEqual({ root: id, loads: 2 });
  });

  it('knows the tags of an entry without being told', async () => {
    await a.cache.getOrLoad('list', id, () => 'old', { tags: ['red'] });
    expect(await b.cache.get('list', id)).toBe('old');
    await a.cache.invalidateTags(['red']);
    expect([await a.cache.get('list', id), await b.cache.get('list', id)]).toEqual([undefined, undefined]);
  });

  it('takes the lifetime of an entry from the call, even from the value', async () => {
    await a.cache.getOrLoad('list', id, () => 'x', { ttl: 10 });
    await a.cache.getOrLoad('profile', id, () => 20, { ttl: (value) => Number(value) });
    const lives = [await a.commands.pTTL(`{cache}:e:list:${id}`), await a.commands.pTTL(`{cache}:e:profile:${id}`)];
    expect([(lives[0] ?? 0) <= 3_610_000, (lives[0] ?? 0) > 3_600_000, (lives[1] ?? 0) <= 20_000, (lives[1] ?? 0) > 0]).toEqual([
      true,
      true,
      true,
      true,
    ]);
  });

  it('tries again only after a pause when loading a stale or an ageing entry fails', async () => {
    const c = await openReplica(server, { namespace: 'failing', retryMs: 600_000 });
    let loads = 0;
    const fail = async (): Promise<string> => {
      loads += 1;
      throw new Error('no database');
    };
    await c.cache.getOrLoad('short', 1, () => 'old');
    await until(async () => (await c.cache.explain('short:1')).decision === 'L1 stale');
    const seen = new Set<string>();
    for (let turn = 0; turn < 50; turn += 1) {
      seen.add(await c.cache.getOrLoad('short', 1, fail));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect([[...seen], loads]).toEqual([['old'], 1]);
    await c.close();
  });

  it('leaves no timer behind when it stops', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
    const before = timers();
    const c = await openReplica(server, { namespace: 'ending', deadlineMs: 600_000, acknowledgeMs: 600_000 });
    await c.cache.getOrLoad('list', 1, () => 1);
    await c.cache.invalidateTags(['x']);
    await c.close();
    expect(timers()).toBeLessThanOrEqual(before);
  });

  it('with an old value at hand does not wait for a slow Redis, and says that it is stale', async () => {
    const c = await openReplica<Name>(server, { types, trustMs: 1, softMs: 1, deadlineMs: 600_000 });
    await c.cache.getOrLoad('list', id, () => 'old');
    await until(() => c.engine.store.peek(c.engine.types.get('list'), `list:${id}`, c.engine.options.clock.monotonic()) === undefined);
    server.freeze();
    expect(await c.cache.getOrLoad('list', id, () => 'unread')).toBe('old');
    expect(c.engine.types.get('list').stats.l1.stale).toBe(1);
    server.thaw();
    await c.close();
  });

  it('tells figures by type and layer, and those of the server', async () => {
    await load(a, 'x');
    await load(a, 'x');
    await load(b, 'unread');
    const { types: figures, l1, l2, backplane, redis } = await b.cache.stats();
    expect(figures['profile']).toMatchObject({ l2: { hits: expect.any(Number) }, hitRatio: expect.any(Number) });
    expect(figures['profile']?.l2.hits).toBeGreaterThan(0);
    expect(l1.entries).toBeGreaterThan(0);
    expect(l1.bytes).toBeGreaterThan(l1.entries * 200);
    expect(l2).toMatchObject({ circuit: 'closed', openings: 0, pendingInvalidations: 0, timeouts: 0 });
    expect(backplane).toMatchObject({ isAttached: true, peers: 1, gaps: 0 });
    expect(redis?.connected_clients).toBeGreaterThan(3);
    expect(redis?.used_memory).toBeGreaterThan(100_000);
    expect(redis?.total_commands_processed).toBeGreaterThan(0);
    const { keyspace_hits = 0, keyspace_misses = 0, hit_rate } = redis ?? {};
    expect(hit_rate).toBeCloseTo((100 * keyspace_hits) / (keyspace_hits + keyspace_misses));
  });

  it('explains a key: its layers, age, names, and what a read would do', async () => {
    const key = `list:${id}`;
    const decision = async (replica: Replica<Name>) => (await replica.cache.explain(key)).decision;
    expect(await a.cache.explain(key)).toEqual({
      key,
      type: 'list',
      l1: { state: 'absent' },
      l2: { state: 'absent' },
      isLoading: false,
      decision: 'load',
    });
    const [begun, gate] = [new Gate(), new Gate()];
    const loading = a.cache.getOrLoad(
      'list',
      id,
      async () => {
        begun.open();
        await gate.passed;
        return 'x';
      },
      { tags: ['explained'] },
    );
    await begun.passed;
    expect(await decision(b)).toBe('wait');
    gate.open();
    await loading;
    expect([await decision(a), await decision(b)]).toEqual(['L1 hit', 'L2 hit']);
    const { l2 } = await b.cache.explain(key);
    expect(l2).toMatchObject({ state: 'fresh', names: [{ name: 'p:list' }, { name: 't:explained' }] });
    await a.cache.invalidateTags(['explained'], 'expire');
    expect([await decision(a), await decision(b)]).toEqual(['L1 stale', 'L2 stale']);
    await a.cache.invalidateTags(['explained']);
    expect([await decision(a), (await b.cache.explain(key)).l2]).toEqual(['load', { state: 'ended' }]);
    expect((await a.cache.explain('unknown:1')).type).toBeUndefined();
  });

  it('lists keys of all replicas and sweeps them by any glob', async () => {
    for (const part of ['x1', 'x2', 'y1']) await a.cache.set('list', `${id}-${part}`, part);
    expect((await b.cache.keys(`list:${id}-*`)).sort()).toEqual([`list:${id}-x1`, `list:${id}-x2`, `list:${id}-y1`]);
    expect(await b.cache.sweep(`list:${id}-x?`)).toBe(2);
    expect(await Promise.all(['x1', 'x2', 'y1'].map((part) => a.cache.get('list', `${id}-${part}`)))).toEqual([undefined, undefined, 'y1']);
    expect(await a.cache.keys(`list:${id}-*`)).toEqual([`list:${id}-y1`]);
  });
});
