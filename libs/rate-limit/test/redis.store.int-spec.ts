import { performance } from 'node:perf_hooks';
import { describeWith } from '../../common/test/services.js';
import { FleetLevel } from '../src/load/fleet-level.js';
import { MemoryStore } from '../src/stores/memory.store.js';
import { RedisStore } from '../src/stores/redis.store.js';
import { scripts } from '../src/stores/scripts.js';
import type { Decision } from '../src/stores/store.js';
import { meterOf, randomFrom, TestClock } from './fakes.js';
import { RedisServer, type TestRedis } from './redis-server.fixture.js';
import { describeLimitStore } from './store.conformance.js';

describeWith('redis-server', () => {
  let server: RedisServer;
  let [one, two]: TestRedis[] = [];
  const first = (): TestRedis => one!;

  beforeAll(async () => {
    server = await RedisServer.start();
    [one, two] = await Promise.all([server.client(), server.client()]);
  });
  beforeEach(() => first().flushAll());
  afterAll(() => server.stop());

  /** A store at a time that the test sets, in milliseconds after an origin. */
  function atSetTime(originUs = 1_800_000_000_000_000) {
    let nowUs = originUs;
    const store = new RedisStore(first(), { prefix: 'test', clockUs: () => nowUs });
    return { store, setTime: (ms: number) => (nowUs = originUs + ms * 1000) };
  }

  describe('RedisStore', () => {
    describeLimitStore(() => atSetTime());

    it.each(['sliding-log', 'gcra'] as const)('decides as the store in process does, over a random plan: %s', async (algorithm) => {
      const { store, setTime } = atSetTime();
      const clock = new TestClock();
      const memory = new MemoryStore({ clock, maxBytes: 1_000_000 });
      const random = randomFrom(11);
      const meter = meterOf(`plan ${algorithm}`, algorithm);
      for (let step = 0; step < 1500; step += 1) {
        clock.elapsedMs += Math.floor(random() * 3000);
        setTime(clock.elapsedMs);
        const client = random() < 0.5 ? 'a' : 'b';
        const ask = { meter, client, limit: 3 + Math.floor(random() * 20), cost: random() < 0.1 ? 3 : 1 };
        expect({ step, ...(await store.take(ask)) }).toEqual({ step, ...memory.take(ask) });
      }
    });

    it('lets exactly the limit through of 1,000 that come at once over two connections, by its own time', async () => {
      const stores = [new RedisStore(first()), new RedisStore(two!)];
      const meter = meterOf('GET /products');
      const asks = Array.from({ length: 1000 }, (_, index) => stores[index % 2]!.take({ meter, client: 'a', limit: 100, cost: 1 }));
      const decisions = await Promise.all(asks);
      expect(decisions.filter(({ isAllowed }) => isAllowed)).toHaveLength(100);
      const waits = decisions.filter(({ isAllowed }) => !isAllowed).map(({ waitMs }) => waitMs);
      expect(Math.max(...waits)).toBeLessThanOrEqual(60_000);
    });

    it('never lets more than the limit through in any trailing window, hammered by two replicas', async () => {
      const windowMs = 250;
      const meter = meterOf('hammered', 'sliding-log', windowMs);
      const allowed: { sentAt: number; answeredAt: number }[] = [];
      const hammer = async (store: RedisStore): Promise<void> => {
        while (allowed.length < 400) {
          const sentAt = performance.now();
          const decisions = await Promise.all(Array.from({ length: 8 }, () => store.take({ meter, client: 'a', limit: 40, cost: 1 })));
          const answeredAt = performance.now();
          for (const { isAllowed } of decisions) if (isAllowed) allowed.push({ sentAt, answeredAt });
        }
      };
      await Promise.all([hammer(new RedisStore(first())), hammer(new RedisStore(two!))]);
      // The server decided somewhere between sending and answer, so this is the longest that 41 of them can lie apart.
      const sent = allowed.map(({ sentAt }) => sentAt).toSorted((a, b) => a - b);
      const answered = allowed.map(({ answeredAt }) => answeredAt).toSorted((a, b) => a - b);
      const spans = sent.slice(0, -40).map((from, index) => answered[index + 40]! - from);
      expect(Math.min(...spans)).toBeGreaterThanOrEqual(windowMs);
    });

    it('keeps one short list a client, which is gone with the window', async () => {
      const store = new RedisStore(first());
      const meter = meterOf('GET /orders', 'sliding-log', 60_000);
      for (let hit = 0; hit < 150; hit += 1) await store.take({ meter, client: 'user:7', limit: 100, cost: 1 });
      expect(await first().keys('*')).toEqual(['rl:GET /orders:user:7']);
      expect(await first().lLen('rl:GET /orders:user:7')).toBe(100);
      expect(await first().pTTL('rl:GET /orders:user:7')).toBeGreaterThan(50_000);
      expect(await first().pTTL('rl:GET /orders:user:7')).toBeLessThanOrEqual(60_000);
      expect(await first().memoryUsage('rl:GET /orders:user:7')).toBeLessThan(2000);
    });

    it('after its clock went back lets nobody exceed the limit, and nobody wait longer than a window', async () => {
      const { store, setTime } = atSetTime();
      const take = (client: string) => store.take({ meter: meterOf('back'), client, limit: 3, cost: 1 });
      setTime(3_600_000);
      await take('a');
      await take('a');
      setTime(0);
      const decisions: Decision[] = [await take('a'), await take('a')];
      expect(decisions).toEqual([
        { isAllowed: true, remaining: 0, waitMs: 60_000 },
        { isAllowed: false, remaining: 0, waitMs: 60_000 },
      ]);
      expect(await first().pTTL('test:back:a')).toBeGreaterThan(0);
      setTime(60_000);
      expect(await take('a')).toEqual({ isAllowed: true, remaining: 2, waitMs: 60_000 });
    });

    it('after its clock went back asks for no more than a window of patience with GCRA either', async () => {
      const { store, setTime } = atSetTime();
      const take = () => store.take({ meter: meterOf('back', 'gcra'), client: 'a', limit: 3, cost: 1 });
      setTime(3_600_000);
      await take();
      setTime(0);
      expect(await take()).toEqual({ isAllowed: false, remaining: 0, waitMs: 20_000 });
      setTime(60_000);
      expect((await take()).isAllowed).toBe(true);
    });

    /** Counts what is sent. */
    function counting() {
      const sent: (readonly string[])[] = [];
      const redis = { sendCommand: (args: readonly string[]) => (sent.push(args), first().sendCommand([...args])) };
      return { sent, redis };
    }

    it('asks together what comes in one turn, and decides about each in its turn', async () => {
      const { sent, redis } = counting();
      const store = new RedisStore(redis);
      const meters = [meterOf('a'), meterOf('b', 'sliding-log', 1000), meterOf('c', 'gcra')];
      await store.prepare();
      sent.length = 0;
      const asks = meters.flatMap((meter, index) => ['x', 'y', 'x'].map((client) => ({ meter, client, limit: index + 1, cost: 1 })));
      const decisions = await Promise.all(asks.map((ask) => store.take(ask)));
      expect(decisions.map(({ isAllowed, remaining }) => [isAllowed, remaining])).toEqual([
        [true, 0], [true, 0], [false, 0],
        [true, 1], [true, 1], [true, 0],
        [true, 2], [true, 2], [true, 1],
      ]); // prettier-ignore
      expect(sent.map((args) => [args[0], args[2]])).toEqual([
        ['EVALSHA', '6'],
        ['EVALSHA', '3'],
      ]);
    });

    it('asks no more at once than it may, each with its key in the fourth place when that is one', async () => {
      const { sent, redis } = counting();
      const asks = Array.from({ length: 5 }, (_, client) => ({ meter: meterOf('d'), client: String(client), limit: 1, cost: 1 }));
      for (const [batchSize, sizes] of [
        [2, [2, 2, 1]],
        [1, [1, 1, 1, 1, 1]],
      ] as const) {
        await first().flushAll();
        const store = new RedisStore(redis, { batchSize });
        await store.prepare();
        sent.length = 0;
        const decisions = await Promise.all(asks.map((ask) => store.take(ask)));
        expect(decisions.every(({ isAllowed }) => isAllowed)).toBe(true);
        expect(sent.map((args) => Number(args[2]))).toEqual(sizes);
      }
      expect(sent.map((args) => args[3])).toEqual(asks.map(({ client }) => `rl:d:${client}`));
    });

    it('tells each of those who asked together that Redis failed', async () => {
      const store = new RedisStore({ sendCommand: () => Promise.reject(new Error('gone')) });
      const asks = ['a', 'b'].map((client) => store.take({ meter: meterOf('e'), client, limit: 1, cost: 1 }));
      const outcomes = await Promise.allSettled(asks);
      expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.message)).toEqual(['gone', 'gone']);
    });

    it('runs on a server that has never seen its scripts', async () => {
      const store = new RedisStore(first());
      await first().sendCommand(['SCRIPT', 'FLUSH']);
      expect(await store.take({ meter: meterOf('fresh'), client: 'a', limit: 2, cost: 1 })).toEqual({
        isAllowed: true,
        remaining: 1,
        waitMs: 60_000,
      });
    });

    it('can give the server its scripts beforehand', async () => {
      await first().sendCommand(['SCRIPT', 'FLUSH']);
      await new RedisStore(first()).prepare();
      const known = await first().sendCommand(['SCRIPT', 'EXISTS', ...Object.values(scripts).map(({ sha }) => sha)]);
      expect(known).toEqual([1, 1]);
    });

    it('takes any client name as it is', async () => {
      const store = new RedisStore(first());
      const decisions = [];
      for (const client of ['a b', 'a\nb', 'a{b}c', 'ü'.repeat(5000), '']) {
        decisions.push((await store.take({ meter: meterOf('names'), client, limit: 1, cost: 1 })).isAllowed);
        decisions.push((await store.take({ meter: meterOf('names'), client, limit: 1, cost: 1 })).isAllowed);
      }
      expect(decisions).toEqual([true, false, true, false, true, false, true, false, true, false]);
    });
  });

  describe('FleetLevel', () => {
    it('agrees on what at least half of the replicas report, the lower of two', async () => {
      const replicas = [1, 2, 3].map(() => new FleetLevel(first(), 5000));
      const report = async (levels: readonly number[]) => {
        for (const [index, level] of levels.entries()) await replicas[index]!.report(level);
        await replicas[0]!.report(levels[0]!);
        return replicas[0]!.current;
      };
      expect(await report([3])).toBe(3);
      expect(await report([3, 0])).toBe(0);
      expect(await report([3, 0, 2])).toBe(2);
      expect(await report([0, 0, 3])).toBe(0);
      expect(await report([3, 3, 0])).toBe(3);
    });

    it('does not count a replica that has been silent', async () => {
      const [silent, alive] = [new FleetLevel(first(), 40), new FleetLevel(first(), 40)];
      await silent.report(0);
      await new Promise((resolve) => setTimeout(resolve, 100));
      await alive.report(2);
      expect(alive.current).toBe(2);
    });

    it('leaves each replica to itself while Redis is away', async () => {
      const fleet = new FleetLevel({ sendCommand: () => Promise.reject(new Error('away')) }, 5000);
      await fleet.report(3);
      expect(fleet.current).toBe(0);
    });
  });
});
