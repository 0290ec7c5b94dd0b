import { openReplica, until, type Replica } from './cache.fixture.js';
import { MovingClock } from './moving-clock.js';
import { describeRedis, RedisServer } from './redis-server.js';

/** Three missing signs of life are a loss: often enough for a test, rarely enough for a busy machine. */
const quick = { probeMs: 20, settleMs: 50, heartbeatMs: 300 };
const figures = ({ engine }: Replica) => {
  if (!engine.shared) throw new Error('no Redis');
  return engine.shared.backplane.figures;
};

describeRedis('the backplane', () => {
  let server: RedisServer;
  let a: Replica;
  let b: Replica;
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    [a, b] = await Promise.all([openReplica(server, quick), openReplica(server, quick)]);
    await until(() => [a, b].every((replica) => figures(replica).peers === 1));
    await a.cache.getOrLoad('product', 1, () => 'old');
    await a.cache.getOrLoad('list', 1, () => 'old');
  });
  afterEach(async () => {
    await Promise.all([a.close(), b.close()]);
    await server.connect().then((client) => client.flushAll());
  });

  it('drops L1 when the connection of the subscription is lost, and hears again after it', async () => {
    expect(a.engine.memory.size).toBe(2);
    await b.commands.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']);
    await b.cache.delete('product', 1);
    await until(() => figures(a).losses === 1);
    expect(await a.cache.getOrLoad('product', 1, () => 'new')).toBe('new');
    await until(() => figures(a).isAttached && figures(b).isAttached);
    await b.cache.delete('product', 1);
    expect(await a.cache.getOrLoad('product', 1, () => 'newest')).toBe('newest');
  });

  it('does not believe L1 for strict types while it hears nothing, nor for long for others', async () => {
    await a.subscriber.unsubscribe();
    await until(() => !figures(a).isAttached);
    expect(a.engine.memory.size).toBe(0);
    await b.cache.set('product', 1, 'new');
    expect(await a.cache.get('product', 1)).toBe('new');
    expect(a.engine.types.get('product').stats.l2.hits).toBe(1);
    await a.cache.get('product', 1);
    expect([a.engine.types.get('product').stats.l2.hits, a.engine.memory.size]).toEqual([2, 0]);
  });

  it('need not ask Redis again while its signs of life prove that nothing was missed', async () => {
    const clock = new MovingClock();
    const c = await openReplica(server, { ...quick, clock, trustMs: 5000 });
    await c.cache.getOrLoad('list', 2, () => 'value');
    for (let turn = 0; turn < 10; turn += 1) {
      clock.pass(800);
      await until(() => (c.engine.shared?.backplane.provenAt ?? 0) >= clock.monotonic());
    }
    expect(await c.cache.get('list', 2)).toBe('value');
    const { l1, l2 } = c.engine.types.get('list').stats;
    expect([l1.hits, l2.hits]).toEqual([1, 0]);
    await b.cache.delete('list', 2);
    expect(await c.cache.get('list', 2)).toBeUndefined();
    await c.close();
  });

  it('notices that it missed an invalidation by its number', async () => {
    await until(async () => {
      const { sequence } = figures(a);
      // As if the message that raised the counter had been lost on its way.
      await b.commands.hIncrBy('{cache}:clock', 'seq', 1);
      await until(() => figures(a).sequence > sequence);
      return figures(a).gaps > 0;
    });
    expect(a.engine.memory.size).toBe(0);
  });

  it('drops L1 when the data is of another incarnation', async () => {
    await b.commands.hSet('{cache}:clock', 'inc', 'another');
    await until(() => a.engine.memory.size === 0);
    expect(await a.cache.getOrLoad('product', 1, () => 'new')).toBe('new');
  });

  it('voids all entries when the server has forgotten invalidations', async () => {
    for (let turn = 0; turn < 3; turn += 1) await b.cache.delete('user', turn);
    await until(() => figures(a).sequence >= 3);
    await b.commands.hSet('{cache}:clock', 'seq', 0);
    await until(async () => (await a.cache.explain('prod:1')).l2.state === 'ended');
    expect(await b.cache.getOrLoad('product', 1, () => 'new')).toBe('new');
  });

  it('takes no notice of what others publish on its channels', async () => {
    for (const text of ['', 'nonsense', 'i x 1 {"o":1}', 'i x y z', 'h', 'z a 1 b', 'i inc 5 [1', '{"a":1}']) {
      await b.commands.publish('{cache}:bus', text);
    }
    await b.commands.publish(`{cache}:ack:nobody`, 'x');
    expect([a.engine.memory.size, figures(a).gaps]).toEqual([2, 0]);
  });

  it('does not wait for a replica that has said farewell', async () => {
    await b.close();
    await until(() => figures(a).peers === 0);
    await a.cache.delete('product', 1);
    expect(figures(a).unacknowledged).toBe(0);
  });

  it('waits once for a replica that has died, and no longer than it was told to', async () => {
    await Promise.all([a.close(), b.close()]);
    const hasty = await openReplica(server, { ...quick, heartbeatMs: 60_000, acknowledgeMs: 500 });
    const dying = await openReplica(server, { ...quick, heartbeatMs: 60_000 });
    await until(() => figures(hasty).peers > 0);
    for (const client of [dying.subscriber, dying.commands]) client.destroy();
    for (let turn = 0; turn < 3; turn += 1) await hasty.cache.invalidateTags(['any']);
    expect(figures(hasty).unacknowledged).toBe(1);
    await hasty.close();
  });

  it('ends without waiting for a Redis that does not answer', async () => {
    const c = await openReplica(server, { ...quick, deadlineMs: 30 });
    server.freeze();
    await c.engine.stop();
    server.thaw();
    expect(figures(c).isAttached).toBe(false);
  });
});
