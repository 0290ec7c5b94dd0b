import type { Cache } from '../src/cache.js';
import { Gate, openAlone, openReplica, until, type Replica, type TypeName } from './cache.fixture.js';
import { describeRedis, RedisServer } from './redis-server.js';

interface Basket {
  readonly products: readonly number[];
  readonly total: number;
}

const tagsOf = ({ products }: Basket): string[] => products.map((id) => `product:${id}`);

/** What is in a basket is known once it is loaded: its tags as well. */
const read = (cache: Cache<TypeName>, id: string, load: () => Promise<Basket> | Basket): Promise<Basket> =>
  cache.getOrLoad('product', id, load, { tags: [`basket:${id}`], tagsOf });

/** A basket that is being loaded, slowly, while the price of a product in it changes. */
async function race(reader: Cache<TypeName>, writer: Cache<TypeName>, id: string) {
  let total = 1;
  const [begun, gate] = [new Gate(), new Gate()];
  const basket = (): Basket => ({ products: [7], total });
  const slow = read(reader, id, async () => {
    const seen = basket();
    begun.open();
    await gate.passed;
    return seen;
  });
  await begun.passed;
  total = 2;
  await writer.invalidateTags(['product:7']);
  return { slow, finish: gate.open, again: async (cache: Cache<TypeName>) => (await read(cache, id, basket)).total };
}

describe('tags that the value tells, in one process', () => {
  it('end the entry, and nothing else does', async () => {
    const { cache, stop } = alone();
    let loads = 0;
    const load = (): Basket => ({ products: [1, 2], total: (loads += 1) });
    await read(cache, 'a', load);
    await cache.invalidateTags(['product:3', 'basket:b']);
    expect((await read(cache, 'a', load)).total).toBe(1);
    await cache.invalidateTags(['product:2']);
    expect((await read(cache, 'a', load)).total).toBe(2);
    await cache.invalidateTags(['basket:a']);
    expect((await read(cache, 'a', load)).total).toBe(3);
    await stop();
  });

  it('keep what was loaded before they were touched from being stored, and from being waited for', async () => {
    const { cache, stop } = alone();
    const { slow, finish, again } = await race(cache, cache, 'b');
    const during = again(cache);
    finish();
    expect([(await slow).total, await during, await again(cache)]).toEqual([1, 2, 2]);
    await stop();
  });

  it('keep nothing that came through more invalidations than are remembered', async () => {
    const { cache, stop } = alone();
    const [begun, gate] = [new Gate(), new Gate()];
    let loads = 0;
    const slow = read(cache, 'c', async () => {
      loads += 1;
      begun.open();
      await gate.passed;
      return { products: [1], total: loads };
    });
    await begun.passed;
    await cache.invalidateTags(Array.from({ length: 1001 }, (_, id) => `other:${id}`));
    gate.open();
    await slow;
    expect((await read(cache, 'c', () => ({ products: [1], total: (loads += 1) }))).total).toBe(2);
    await stop();
  });
});

const alone = () => {
  const { cache, engine } = openAlone();
  return { cache, stop: () => engine.stop() };
};

describeRedis('tags that the value tells, on two replicas', () => {
  let server: RedisServer;
  let a: Replica;
  let b: Replica;
  beforeAll(async () => {
    server = await RedisServer.start();
    [a, b] = await Promise.all([openReplica(server), openReplica(server)]);
    await until(() => [a, b].every(({ engine }) => engine.shared?.backplane.figures.peers === 1));
  });
  afterAll(async () => {
    await Promise.all([a.close(), b.close()]);
    await server.stop();
  });

  it('end the entry in both layers of both', async () => {
    let loads = 0;
    const load = (): Basket => ({ products: [1, 2], total: (loads += 1) });
    const ask = async ({ cache }: Replica) => (await read(cache, 'a', load)).total;
    expect([await ask(a), await ask(a), await ask(b), await ask(b)]).toEqual([1, 1, 1, 1]);
    expect(b.engine.types.get('product').stats.l1.hits).toBe(1);
    await b.cache.invalidateTags(['product:2']);
    expect([await ask(a), await ask(b), await ask(a)]).toEqual([2, 2, 2]);
    await a.cache.invalidateTags(['product:1']);
    expect([await ask(b), await ask(a)]).toEqual([3, 3]);
  });

  it('are not kept at once when they were never seen and something else has ended meanwhile: it may have been they', async () => {
    let loads = 0;
    const ask = ({ cache }: Replica, isDisturbed: boolean) =>
      read(cache, 'new', async () => {
        if (isDisturbed) await a.cache.invalidateTags(['nothing of it']);
        return { products: [101, 102], total: (loads += 1) };
      }).then(({ total }) => total);
    expect([await ask(b, true), await ask(b, false), await ask(b, false), await ask(a, false)]).toEqual([1, 2, 2, 2]);
  });

  it.each([
    ['the same replica', () => [a, a] as const],
    ['the other replica', () => [a, b] as const],
  ])('keep what was loaded before %s touched them from being stored', async (who, pick) => {
    const [reader, writer] = pick();
    const { slow, finish, again } = await race(reader.cache, writer.cache, who);
    const during = [again(a.cache), again(b.cache)];
    finish();
    expect((await slow).total).toBe(1);
    expect([...(await Promise.all(during)), await again(a.cache), await again(b.cache)]).toEqual([2, 2, 2, 2]);
  });

  it('hold against readers and writers on both, at random', async () => {
    let total = 0;
    let acknowledged = 0;
    const wrong: string[] = [];
    const running = { isOver: false };
    const write = async ({ cache }: Replica): Promise<void> => {
      for (let round = 0; round < 100; round += 1) {
        const version = (total += 1);
        await cache.invalidateTags(['product:9']);
        acknowledged = Math.max(acknowledged, version);
        await new Promise(setImmediate);
      }
    };
    const check = async ({ cache }: Replica): Promise<void> => {
      while (!running.isOver) {
        const least = acknowledged;
        const seen = await read(cache, 'random', async () => {
          const basket = { products: [9], total };
          await new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
          return basket;
        });
        if (seen.total < least) wrong.push(`${seen.total} < ${least}`);
        await new Promise(setImmediate);
      }
    };
    const readers = [a, b, a, b].map(check);
    await Promise.all([write(a), write(b)]);
    running.isOver = true;
    await Promise.all(readers);
    expect(wrong).toEqual([]);
  });
});
