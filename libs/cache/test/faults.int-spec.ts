import { openReplica, until, type Replica } from './cache.fixture.js';
import { describeRedis, RedisServer } from './redis-server.js';

const quick = { probeMs: 20, settleMs: 100, heartbeatMs: 300 };
const never = 600_000;

const circuit = (replica: Replica) => replica.engine.shared?.breaker.state;
const isWell = ({ engine }: Replica) => engine.shared?.breaker.state === 'closed' && engine.shared.backplane.isAttached;

describeRedis('Redis in trouble', () => {
  let server: RedisServer;
  const open: Replica[] = [];
  const replica = async (options: Parameters<typeof openReplica>[1] = quick) => {
    const made = await openReplica(server, options);
    open.push(made);
    return made;
  };
  beforeEach(async () => {
    server = await RedisServer.start();
  });
  afterEach(async () => {
    server.thaw();
    await Promise.all(open.splice(0).map((made) => made.close()));
    await server.stop();
  });

  const read = ({ cache }: Replica, id: string, value: unknown) => cache.getOrLoad('product', id, () => value, { tags: ['all'] });
  const list = ({ cache }: Replica, id: string, value: unknown) => cache.getOrLoad('list', id, () => value);

  it('goes on while Redis is killed: strict types are loaded each time, relaxed ones kept a moment', async () => {
    const a = await replica();
    await read(a, '1', 'old');
    await server.kill();
    await until(() => circuit(a) === 'open');
    expect([await read(a, '1', 'one'), await read(a, '1', 'two')]).toEqual(['one', 'two']);
    expect([await list(a, '1', 'one'), await list(a, '1', 'two')]).toEqual(['one', 'one']);
    expect(await a.cache.set('product', '1', 'three')).toBe(false);
    expect(await a.cache.get('product', '1')).toBeUndefined();
    await a.cache.delete('list', '1');
    expect(await list(a, '1', 'three')).toBe('three');
  });

  it('comes back by itself when Redis does, and starts with nothing', async () => {
    const [a, b] = await Promise.all([replica(), replica()]);
    await Promise.all([read(a, '1', 'old'), list(b, '1', 'old')]);
    await server.kill();
    await until(() => circuit(a) === 'open' && circuit(b) === 'open');
    await a.cache.invalidateTags(['all']);
    await server.start();
    await until(() => isWell(a) && isWell(b));
    expect([await read(b, '1', 'new'), await read(a, '1', 'newer'), await list(b, '1', 'new')]).toEqual(['new', 'new', 'new']);
    expect(a.engine.shared?.breaker.openings).toBeGreaterThan(0);
  });

  it.each([
    ['a replica that has seen more', true],
    ['one that was not there', false],
  ])('believes nothing of an old snapshot that Redis was restarted from: %s', async (_who, hasStayed) => {
    const a = await replica();
    await read(a, '1', 'old');
    await a.commands.sendCommand(['SAVE']);
    await a.cache.delete('product', '1');
    await a.cache.invalidateTags(['all']);
    if (!hasStayed) await a.close();
    await server.kill();
    await server.start();
    const reader = hasStayed ? a : await replica();
    await until(() => isWell(reader) && (!hasStayed || (a.engine.shared?.breaker.openings ?? 0) > 0));
    expect(await reader.commands.exists('{cache}:e:prod:1')).toBe(1);
    expect(await read(reader, '1', 'new')).toBe('new');
  });

  it('asks a frozen Redis three times, then no more until it answers a probe', async () => {
    const a = await replica({ ...quick, deadlineMs: 30, probeMs: never });
    await read(a, '1', 'old');
    server.freeze();
    const values = [];
    for (let turn = 0; turn < 20; turn += 1) values.push(await read(a, `${turn}`, turn));
    expect(values).toEqual(Array.from({ length: 20 }, (_, turn) => (turn === 1 ? expect.anything() : turn)));
    expect(circuit(a)).toBe('open');
    expect(a.engine.shared?.link.stats.timeouts).toBeLessThanOrEqual(4);
  });

  it('tells a thawed Redis what it missed before it believes it, on every replica', async () => {
    const options = { ...quick, deadlineMs: 30, settleMs: 500 };
    const [a, b] = await Promise.all([replica(options), replica(options)]);
    await Promise.all([read(a, 'tag', 'old'), read(b, 'key', 'old'), list(a, 'pattern', 'old')]);
    server.freeze();
    await b.cache.delete('product', 'key');
    await a.cache.invalidateTags(['all']);
    await a.cache.invalidatePattern('list:*');
    await Promise.all([read(a, '2', 1), read(b, '2', 1), read(b, '3', 1), read(b, '4', 1)]);
    expect(circuit(a)).toBe('open');
    expect(a.engine.shared?.pending.size).toBeGreaterThan(0);
    server.thaw();
    await until(() => isWell(a) && isWell(b));
    const seen = [
      await read(b, 'tag', 'new'),
      await read(a, 'key', 'new'),
      await list(b, 'pattern', 'new'),
      await list(a, 'pattern', 'newer'),
    ];
    expect(seen).toEqual(['new', 'new', 'new', 'new']);
    expect(a.engine.shared?.pending.size).toBe(0);
  });

  it('voids everything when it owes Redis more than it can remember', async () => {
    const a = await replica({ ...quick, deadlineMs: 30, maxPending: 5 });
    await read(a, '1', 'old');
    await a.cache.getOrLoad('user', 1, () => 'old');
    server.freeze();
    for (let turn = 0; turn < 10; turn += 1) await a.cache.delete('product', turn);
    expect(a.engine.shared?.pending.isEverything).toBe(true);
    server.thaw();
    await until(() => isWell(a));
    expect([await read(a, '1', 'new'), await a.cache.getOrLoad('user', 1, () => 'new')]).toEqual(['new', 'new']);
  });

  it('goes on with a full Redis: what is there is served, invalidations work, nothing new is stored', async () => {
    const a = await replica();
    await read(a, '1', 'old');
    await a.commands.configSet({ maxmemory: '1', 'maxmemory-policy': 'noeviction' });
    const fresh = await replica();
    expect(await read(fresh, '1', 'unread')).toBe('old');
    expect(await read(fresh, '2', 'two')).toBe('two');
    expect(await a.cache.set('product', '1', 'three')).toBe(false);
    expect([await read(fresh, '1', 'new'), await read(a, '1', 'newer')]).toEqual(['new', 'newer']);
    await a.cache.invalidateTags(['all']);
    expect(await read(fresh, '1', 'newest')).toBe('newest');
    expect(a.engine.shared?.link.stats.refusedWhenFull).toBeGreaterThan(0);
    expect([circuit(a), circuit(fresh)]).toEqual(['closed', 'closed']);
  });

  it('takes an operator who empties Redis for what it is', async () => {
    const a = await replica();
    await read(a, '1', 'old');
    await a.commands.flushAll();
    await until(() => isWell(a));
    await a.cache.invalidateTags(['all']);
    expect(await read(a, '1', 'new')).toBe('new');
    expect(await a.cache.get('product', '1')).toBe('new');
  });

  it.each([
    ['another header', 'nonsense'],
    ['no payload that JSON knows', 'payload'],
    ['another type', 'hash'],
  ])('drops a corrupt entry (%s) and loads it again', async (_what, kind) => {
    const a = await replica();
    await read(a, '1', 'old');
    a.engine.memory.clear();
    const raw = String(await a.commands.get('{cache}:e:prod:1'));
    if (kind === 'nonsense') await a.commands.set('{cache}:e:prod:1', 'nonsense', { KEEPTTL: true });
    if (kind === 'payload') await a.commands.set('{cache}:e:prod:1', raw.replace(/\n.*/s, '\n{"torn'), { KEEPTTL: true });
    if (kind === 'hash') {
      await a.commands.del('{cache}:e:prod:1');
      await a.commands.hSet('{cache}:e:prod:1', 'a', 'b');
    }
    expect(await read(a, '1', 'new')).toBe('new');
    a.engine.memory.clear();
    expect(await read(a, '1', 'unread')).toBe('new');
    expect(a.engine.types.get('product').stats.corrupt).toBe(1);
    expect(circuit(a)).toBe('closed');
  });

  it('loses a generation to eviction without serving what it ended', async () => {
    const a = await replica();
    await read(a, '1', 'old');
    await a.cache.invalidateTags(['all']);
    await read(a, '2', 'two');
    await a.cache.invalidateTags(['another']);
    await a.commands.del(['{cache}:g:t:all', '{cache}:g:p:prod']);
    a.engine.memory.clear();
    expect([await read(a, '3', 'three'), await read(a, '1', 'new'), await read(a, '2', 'again')]).toEqual(['three', 'new', 'again']);
  });
});
