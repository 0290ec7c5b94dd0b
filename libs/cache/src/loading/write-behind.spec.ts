import { defineCacheTypes } from '../cache-types.js';
import { Cache } from '../cache.js';
import { CacheEngine } from '../cache.engine.js';
import { WriteBehindCounter } from './write-behind.js';

describe('write-behind counters', () => {
  function open(options: Partial<ConstructorParameters<typeof WriteBehindCounter>[0]> = {}) {
    const written: [string, number][][] = [];
    const counter = new WriteBehindCounter({ flush: async (sums) => void written.push([...sums]), flushMs: 600_000, ...options });
    return { counter, written };
  }

  it('writes sums in one batch', async () => {
    const { counter, written } = open();
    for (let turn = 0; turn < 100; turn += 1) counter.add(turn % 2);
    counter.add('x', 5);
    expect([counter.size, counter.pending(0)]).toEqual([3, 50]);
    await counter.flush();
    expect(written).toEqual([[['0', 50], ['1', 50], ['x', 5]]]); // prettier-ignore
    expect([counter.size, counter.pending(0)]).toEqual([0, 0]);
  });

  it('writes by itself after a while, and at once when it is full', async () => {
    const timed = open({ flushMs: 1 });
    timed.counter.add('a');
    while (timed.written.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    const full = open({ maxIds: 2 });
    for (const id of ['a', 'b']) full.counter.add(id);
    await new Promise(setImmediate);
    expect([timed.written, full.written]).toEqual([[[['a', 1]]], [[['a', 1], ['b', 1]]]]); // prettier-ignore
  });

  it('keeps a batch that could not be written, drops what finds no room, and says so', async () => {
    const errors: unknown[] = [];
    let isDown = true;
    const written: [string, number][] = [];
    const flush = async (sums: ReadonlyMap<string, number>) => {
      if (isDown) throw new Error('down');
      written.push(...sums);
    };
    const { counter } = open({ flush, maxIds: 2, onError: (error) => errors.push(error) });
    for (const id of ['a', 'b']) counter.add(id);
    await counter.flush();
    for (const id of ['a', 'c', 'd']) counter.add(id);
    expect([errors.length, counter.dropped]).toEqual([1, 2]);
    isDown = false;
    await counter.stop();
    expect(written).toEqual([['a', 2], ['b', 1]]); // prettier-ignore
    counter.add('late');
    expect(counter.dropped).toBe(3);
  });

  it('is written when the cache stops', async () => {
    const types = defineCacheTypes({
      view_count: { ttl: 60, prefix: 'views', strategy: 'write-behind' },
      user: { ttl: 60, prefix: 'user' },
    });
    const engine = new CacheEngine({ types });
    const cache = new Cache<keyof typeof types>(engine);
    const written: [string, number][] = [];
    cache.counter('view_count', { flush: async (sums) => void written.push(...sums) }).add(7, 2);
    await engine.stop();
    expect(written).toEqual([['7', 2]]);
    expect(() => cache.counter('user', { flush: async () => undefined })).toThrow('user is cache-aside, not write-behind');
  });
});
