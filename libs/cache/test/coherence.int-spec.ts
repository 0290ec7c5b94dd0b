import type { Cache } from '../src/cache.js';
import { Gate, openReplica, until, type Replica, type TypeName } from './cache.fixture.js';
import { describeRedis, RedisServer } from './redis-server.js';

type Ending = (cache: Cache<TypeName>, id: string) => Promise<void>;

const endings: [string, Ending][] = [
  ['key', (cache, id) => cache.delete('product', id)],
  ['tag', (cache, id) => cache.invalidateTags([`product:${id}`])],
  ['pattern', (cache) => cache.invalidatePattern('prod:*')],
];

describeRedis('two replicas on one Redis', () => {
  let server: RedisServer;
  let a: Replica;
  let b: Replica;
  let count = 0;
  const newId = () => `${(count += 1)}`;

  beforeAll(async () => {
    server = await RedisServer.start();
    [a, b] = await Promise.all([openReplica(server), openReplica(server)]);
    await until(() => [a, b].every(({ engine }) => engine.shared?.backplane.figures.peers === 1));
  });
  afterAll(async () => {
    await Promise.all([a.close(), b.close()]);
    await server.stop();
  });

  const read = (replica: Replica, id: string, load: () => unknown) =>
    replica.cache.getOrLoad('product', id, load, { tags: [`product:${id}`] });

  /** A row that one replica reads, slowly, while another one writes it: what is answered by the end of the write, and later on. */
  async function race(reader: Replica, writer: Replica, ending: Ending) {
    const id = newId();
    let row = 'old';
    const [begun, gate] = [new Gate(), new Gate()];
    const slow = read(reader, id, async () => {
      const seen = row;
      begun.open();
      await gate.passed;
      return seen;
    });
    await begun.passed;
    row = 'new';
    await ending(writer.cache, id);
    return { slow, finish: gate.open, readAgain: (replica: Replica) => read(replica, id, async () => row) };
  }

  describe.each(endings)('an invalidation by %s in the middle of a load', (_by, ending) => {
    it.each([
      ['the same replica', () => [a, a] as const],
      ['the other replica', () => [a, b] as const],
    ])('by %s: nobody gets the old value afterwards', async (_who, pick) => {
      const [reader, writer] = pick();
      const { slow, finish, readAgain } = await race(reader, writer, ending);
      const duringTheLoad = await Promise.all([a, b].map(readAgain));
      finish();
      expect(await slow).toBe('old');
      expect([...duringTheLoad, ...(await Promise.all([a, b].map(readAgain)))]).toEqual(['new', 'new', 'new', 'new']);
    });

    it('keeps nothing of the old load when nobody has read in between', async () => {
      const { slow, finish, readAgain } = await race(a, b, ending);
      finish();
      await slow;
      expect([await readAgain(a), await readAgain(b)]).toEqual(['new', 'new']);
    });
  });

  it('shows that the fence is what prevents it: without it the old value stays', async () => {
    const options = { isFenced: false, namespace: 'unfenced' };
    const [c, d] = await Promise.all([openReplica(server, options), openReplica(server, options)]);
    const stale = [];
    for (const [, ending] of endings) {
      const { slow, finish, readAgain } = await race(c, d, ending);
      finish();
      await slow;
      stale.push(await readAgain(c), await readAgain(d));
    }
    await Promise.all([c.close(), d.close()]);
    expect(stale).toEqual(['old', 'old', 'old', 'old', 'old', 'old']);
  });

  it.each(endings)('an acknowledged invalidation by %s is seen by the other replica at once, from L1 and L2', async (_by, ending) => {
    const id = newId();
    let row = 0;
    for (let round = 0; round < 50; round += 1) {
      await read(b, id, async () => row);
      row += 1;
      await ending(a.cache, id);
      expect(await read(b, id, async () => row)).toBe(row);
    }
  });

  it('never serves a value older than an acknowledged write, with readers and writers on both replicas', async () => {
    const id = newId();
    let row = 0;
    let acknowledged = 0;
    const wrong: string[] = [];
    const write = async (replica: Replica) => {
      for (let round = 0; round < 100; round += 1) {
        const version = (row += 1);
        await endings[round % 3]?.[1](replica.cache, id);
        acknowledged = Math.max(acknowledged, version);
      }
    };
    const writing = { isOver: false };
    const check = async (replica: Replica) => {
      while (!writing.isOver) {
        const least = acknowledged;
        const seen = (await read(replica, id, async () => {
          const value = row;
          await new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
          return value;
        })) as number;
        if (seen < least) wrong.push(`${seen} < ${least}`);
        await new Promise(setImmediate);
      }
    };
    const readers = [a, b, a, b].map(check);
    await Promise.all([write(a), write(b)]);
    writing.isOver = true;
    await Promise.all(readers);
    expect(wrong).toEqual([]);
  });

  it('loads a removed key once for 10,000 concurrent callers of one process', async () => {
    const id = newId();
    await read(a, id, async () => 'old');
    await a.cache.delete('product', id);
    let loads = 0;
    const load = async () => {
      loads += 1;
      await new Promise(setImmediate);
      return 'new';
    };
    const values = await Promise.all(Array.from({ length: 10_000 }, () => read(a, id, load)));
    expect([loads, new Set(values)]).toEqual([1, new Set(['new'])]);
  });

  it('loads it once for 10,000 concurrent callers of two replicas', async () => {
    const id = newId();
    let loads = 0;
    const load = async () => {
      loads += 1;
      await new Promise((resolve) => setTimeout(resolve, 50));
      return 'new';
    };
    const values = await Promise.all(Array.from({ length: 10_000 }, (_, index) => read(index % 2 === 0 ? a : b, id, load)));
    expect([loads, new Set(values)]).toEqual([1, new Set(['new'])]);
  });

  it('lets another replica load when the first one fails, and keeps no error', async () => {
    const id = newId();
    const [begun, gate] = [new Gate(), new Gate()];
    const failing = read(a, id, async () => {
      begun.open();
      await gate.passed;
      throw new Error('no database');
    });
    const outcome = failing.catch((error: unknown) => String(error));
    await begun.passed;
    const other = read(b, id, async () => 'from b');
    gate.open();
    expect([await outcome, await other, await read(a, id, async () => 'again')]).toEqual(['Error: no database', 'from b', 'from b']);
  });

  it('does not wait for ever for a replica that died while it loaded', async () => {
    const hurried = await openReplica(server, { waitMs: 50 });
    const id = newId();
    await a.engine.store.read({ ...addressOfProduct(a, id) }, 'lease');
    expect(await read(hurried, id, async () => 'own')).toBe('own');
    await hurried.close();
  });

  it('ends what only L1 holds in the other replica', async () => {
    let row = 'old';
    const permissions = (replica: Replica) => replica.cache.getOrLoad('permission', 7, async () => row);
    expect([await permissions(a), await permissions(b)]).toEqual(['old', 'old']);
    row = 'new';
    await a.cache.delete('permission', 7);
    expect([await permissions(a), await permissions(b)]).toEqual(['new', 'new']);
    expect(await a.commands.exists('{cache}:e:perm:7')).toBe(0);
  });

  it('gives the value of a set to the other replica', async () => {
    await b.cache.getOrLoad('user', 1, async () => 'old');
    await a.cache.set('user', 1, { name: 'new' });
    expect([await a.cache.get('user', 1), await b.cache.get('user', 1)]).toEqual([{ name: 'new' }, { name: 'new' }]);
  });
});

const addressOfProduct = ({ engine }: Replica, id: string) => ({
  type: engine.types.get('product'),
  key: `prod:${id}`,
  names: [],
  codec: { encode: () => Buffer.alloc(0), decode: () => ({ value: 1, bytes: 1 }) },
});
