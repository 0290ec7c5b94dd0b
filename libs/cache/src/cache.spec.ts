import { cacheAccessed, type CacheAccessed } from '@app/common';
import { Gate, openAlone, types } from '../test/cache.fixture.js';
import { MovingClock } from '../test/moving-clock.js';
import { defineCacheTypes } from './cache-types.js';

const settled = () => new Promise((resolve) => setTimeout(resolve, 0));
const fail = async (): Promise<never> => {
  throw new Error('no database');
};

describe('the cache of one process', () => {
  const clock = new MovingClock();
  const open = (options: Parameters<typeof openAlone>[0] = {}) => openAlone({ clock, random: () => 0, ...options });

  it('loads once, then answers the same frozen value, whatever the loader gave', async () => {
    const { cache } = open();
    const loader = { at: new Date(0), tags: [{ id: 1 }], left: undefined };
    const first = await cache.getOrLoad<unknown>('product', 1, async () => loader);
    const second = await cache.getOrLoad<unknown>('product', 1, fail);
    expect(first).toEqual({ at: '1970-01-01T00:00:00.000Z', tags: [{ id: 1 }] });
    expect(second).toBe(first);
    expect(Object.isFrozen((first as { tags: object[] }).tags[0])).toBe(true);
    expect(loader.at).toBeInstanceOf(Date);
  });

  it.each([[0], [''], [false], [null]])('takes %j for a value, not for a miss', async (value) => {
    const { cache } = open();
    expect(await cache.getOrLoad<unknown>('product', 1, () => value)).toBe(value);
    expect(await cache.getOrLoad<unknown>('product', 1, fail)).toBe(value);
  });

  it('keeps "there is none" for its own time, and not at all for a type that says nothing of it', async () => {
    const { cache, engine } = open();
    let loads = 0;
    const none = async () => void (loads += 1);
    for (let turn = 0; turn < 3; turn += 1) await cache.getOrLoad('product', 1, none);
    expect([loads, engine.types.get('product').stats.negativeHits]).toEqual([1, 2]);
    clock.pass(30_001);
    await cache.getOrLoad('product', 1, none);
    expect(loads).toBe(2);
    for (let turn = 0; turn < 3; turn += 1) await cache.getOrLoad('user', 1, none);
    expect(loads).toBe(5);
  });

  it('runs one loader for 1,000 concurrent misses, and shares its failure without keeping it', async () => {
    const { cache, engine } = open();
    let loads = 0;
    const load = async () => {
      loads += 1;
      await settled();
      throw new Error(`failure ${loads}`);
    };
    const all = await Promise.allSettled(Array.from({ length: 1000 }, () => cache.getOrLoad('user', 1, load)));
    const reasons = new Set(all.map((one) => (one.status === 'rejected' ? String(one.reason) : 'none')));
    expect([loads, reasons]).toEqual([1, new Set(['Error: failure 1'])]);
    expect(await cache.getOrLoad('user', 1, async () => 'value')).toBe('value');
    expect(engine.types.get('user').stats).toMatchObject({ loads: 1, loadErrors: 1, waits: 999 });
  });

  it('lets a reader who comes after an invalidation load again, though an older load is under way', async () => {
    const { cache } = open();
    const gate = new Gate();
    const old = cache.getOrLoad('user', 42, () => gate.passed.then(() => 'old'), { tags: ['staff'] });
    await cache.invalidateTags(['staff']);
    const between = await cache.getOrLoad('user', 42, async () => 'new', { tags: ['staff'] });
    gate.open();
    expect([await old, between, await cache.get('user', 42)]).toEqual(['old', 'new', 'new']);
  });

  it('answers a stale value at once and loads it again in the background, once', async () => {
    const { cache, engine } = open();
    let version = 1;
    const load = async () => version;
    await cache.getOrLoad('list', 1, load);
    version = 2;
    clock.pass(1_800_001);
    expect(await Promise.all([1, 2, 3].map(() => cache.getOrLoad('list', 1, load)))).toEqual([1, 1, 1]);
    await settled();
    expect(await cache.getOrLoad('list', 1, fail)).toBe(2);
    expect(engine.types.get('list').stats).toMatchObject({ loads: 2, l1: { stale: 3, hits: 1 } });
  });

  it('goes on answering the stale value while loading fails, and tries again only after a pause', async () => {
    const { cache, engine } = open();
    await cache.getOrLoad('list', 1, () => 'old');
    clock.pass(1_800_001);
    for (let turn = 0; turn < 5; turn += 1) {
      expect(await cache.getOrLoad<string>('list', 1, fail)).toBe('old');
      await settled();
    }
    expect(engine.types.get('list').stats.loadErrors).toBe(1);
    clock.pass(1001);
    await cache.getOrLoad<string>('list', 1, fail);
    await settled();
    expect(engine.types.get('list').stats.loadErrors).toBe(2);
    clock.pass(3_600_000);
    await expect(cache.getOrLoad('list', 1, fail)).rejects.toThrow('no database');
  });

  it('serves an expired value as stale, a removed one never', async () => {
    const { cache } = open();
    const gate = new Gate();
    const tagged = { tags: ['x'] };
    await cache.getOrLoad('list', 1, () => 'old', tagged);
    await cache.invalidateTags(['x'], 'expire');
    expect(await cache.getOrLoad('list', 1, () => gate.passed.then(() => 'new'), tagged)).toBe('old');
    await cache.invalidateTags(['x'], 'remove');
    gate.open();
    expect(await cache.getOrLoad('list', 1, () => 'newest', tagged)).toBe('newest');
  });

  it('loads a refresh-ahead type again before it ends, if it is asked for, while it answers', async () => {
    const { cache } = open();
    let version = 1;
    const load = async () => version;
    await cache.getOrLoad('popular', 'all', load);
    version = 2;
    clock.pass(470_000);
    expect(await cache.getOrLoad('popular', 'all', load)).toBe(1);
    await settled();
    expect(await cache.get('popular', 'all')).toBe(1);
    clock.pass(20_000);
    expect(await cache.getOrLoad('popular', 'all', load)).toBe(1);
    await settled();
    expect(await cache.get('popular', 'all')).toBe(2);
  });

  it('takes up to a tenth off the time, so that entries do not end together', async () => {
    const { cache } = open({ random: () => 1 });
    await cache.getOrLoad('user', 1, () => 'old');
    clock.pass(3_239_000);
    expect(await cache.get('user', 1)).toBe('old');
    clock.pass(2000);
    expect(await cache.get('user', 1)).toBeUndefined();
  });

  it('does not care when somebody sets the clock of the machine', async () => {
    const { cache } = open();
    await cache.getOrLoad('user', 1, () => 'value');
    clock.jump(-1e12);
    expect(await cache.get('user', 1)).toBe('value');
    clock.jump(2e12);
    expect(await cache.get('user', 1)).toBe('value');
  });

  it.each([
    ['a cycle', () => Object.assign([], { 0: undefined }).concat([])],
    ['a bigint', () => 1n],
    ['a function', () => () => 1],
  ])('gives a value that has no JSON to its caller, and keeps nothing (%s)', async (what, make) => {
    const { cache, engine } = open();
    const value: unknown = what === 'a cycle' ? cycle() : make();
    expect(await cache.getOrLoad<unknown>('user', 1, () => value)).toBe(value);
    expect(await cache.get('user', 1)).toBeUndefined();
    expect(await cache.set('user', 1, value)).toBe(false);
    expect(engine.types.get('user').stats).toMatchObject({ unserialisable: 2, bypasses: 1 });
  });

  it('keeps ids apart that differ in any character, however long', async () => {
    const { cache } = open();
    const ids = ['a b', 'a\nb', 'a', 'a:', `${'x'.repeat(10_240)}1`, `${'x'.repeat(10_240)}2`, '', 7, '7 '];
    for (const [index, id] of ids.entries()) await cache.set('user', id, index);
    expect(await Promise.all(ids.map((id) => cache.get('user', id)))).toEqual(ids.map((_, index) => index));
    expect((await cache.keys('*')).every((key) => key.length < 300)).toBe(true);
  });

  it('ends all below a prefix, and the key itself, and nothing beside it', async () => {
    const { cache } = open();
    const ids = ['42', '42:posts', '42:stats:2026', '421', '4'];
    for (const id of ids) await cache.set('user', id, id);
    await cache.invalidatePattern('user:42:*');
    expect(await Promise.all(ids.map((id) => cache.get('user', id)))).toEqual([undefined, undefined, undefined, '421', '4']);
    await cache.invalidatePattern('user:*');
    expect(await cache.keys('user:4*')).toEqual([]);
  });

  it.each(['*', 'user*', 'us?r:*', 'user:[1]:*', 'a:b:c:d:*', ''])('refuses the pattern %j: it would need a scan', async (pattern) => {
    await expect(open().cache.invalidatePattern(pattern)).rejects.toThrow(RangeError);
  });

  it('sweeps by any glob, loads under way included', async () => {
    const { cache } = open();
    const gate = new Gate();
    for (const id of ['a1', 'a2', 'b1']) await cache.set('user', id, id);
    const old = cache.getOrLoad('user', 'a3', () => gate.passed.then(() => 'old'));
    expect(await cache.sweep('user:a?')).toBe(3);
    gate.open();
    await old;
    expect(await Promise.all(['a1', 'a2', 'b1', 'a3'].map((id) => cache.get('user', id)))).toEqual([undefined, undefined, 'b1', undefined]);
  });

  it('tells each read to cacheAccessed, and nothing when nobody listens', async () => {
    const { cache } = open();
    const facts: CacheAccessed[] = [];
    const stop = cacheAccessed.subscribe((fact) => facts.push(fact));
    await Promise.all([cache.getOrLoad('list', 1, settled), cache.getOrLoad('list', 1, settled)]);
    await cache.getOrLoad('list', 2, () => 1);
    await cache.getOrLoad('list', 2, () => 1);
    clock.pass(1_900_000);
    await cache.getOrLoad('list', 2, () => 1);
    await cache.getOrLoad('list', 3, fail).catch(() => undefined);
    stop();
    await cache.getOrLoad('list', 4, () => 1);
    const told = facts.map(({ key, layer, result }) => `${key} ${layer} ${result}`);
    // Which of the two is told of first says nothing.
    expect(told.slice(0, 2).toSorted()).toEqual(['list:1 loader bypass', 'list:1 loader wait']);
    expect(told.slice(2)).toEqual(['list:2 loader miss', 'list:2 L1 hit', 'list:2 L1 stale', 'list:3 loader error']);
  });

  it('refuses options and types that make no sense, by name', () => {
    expect(() => openAlone({ maxBytes: 0 })).toThrow('maxBytes');
    expect(() => openAlone({ deadlineMs: Number.NaN })).toThrow('deadlineMs');
    const one = { ttl: 1, prefix: 'a' };
    for (const wrong of [
      { ttl: 0 },
      { ttl: Infinity },
      { prefix: 'a:b' },
      { prefix: '' },
      { grace: -1 },
      { version: 0 },
      { maxEntries: 0.5 },
    ]) {
      expect(() => openAlone({ types: { broken: { ...one, ...wrong } } })).toThrow('cache type broken');
    }
    expect(() => openAlone({ types: defineCacheTypes({ one, two: one }) as never })).toThrow('share the prefix a');
    expect(() => openAlone({ types }).cache.getOrLoad('nothing' as never, 1, () => 1)).toThrow('no cache type nothing');
  });
});

function cycle(): unknown {
  const value: { self?: unknown } = {};
  value.self = value;
  return value;
}
