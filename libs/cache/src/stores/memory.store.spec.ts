import { Generations } from '../coherence/generations.js';
import { addressOf, describeStore, draft } from '../../test/store.conformance.js';
import { MovingClock } from '../../test/moving-clock.js';
import { resolveType } from '../cache-types.js';
import { MemoryStore } from './memory.store.js';

const clock = new MovingClock();
const options = { maxBytes: 10_000_000, maxEntries: 1000, types: [], leaseMs: 10_000, clock, isFenced: true };

describeStore('the memory store', async () => ({
  store: new MemoryStore({ ...options, generations: new Generations() }),
  pass: async (ms) => clock.pass(ms),
  close: async () => undefined,
}));

describe('L1', () => {
  const open = (limits: { maxBytes?: number; maxEntries?: number; types?: ReturnType<typeof resolveType>[] }) => {
    const generations = new Generations();
    return { store: new MemoryStore({ ...options, ...limits, generations }), generations };
  };

  it('stays within its bytes whatever is stored, forgets the least used first, and counts that', async () => {
    const { store, generations } = open({ maxBytes: 1_000_000 });
    const addresses = Array.from({ length: 200 }, () => addressOf({}, ['tag']));
    for (const [index, address] of addresses.entries()) {
      await store.put(address, draft(address, { text: 'x'.repeat(index % 2 === 0 ? 20_000 : 40_000) }));
      expect(store.bytes).toBeLessThanOrEqual(1_000_000);
    }
    const [first, last] = [addresses[0], addresses.at(-1)].map((address) => address && store.peek(address.type, address.key, 0));
    expect([first, last?.value]).toEqual([undefined, expect.anything()]);
    expect(addresses.reduce((sum, { type }) => sum + type.stats.evictions, 0)).toBe(200 - store.size);
    const held = () => [
      addresses.reduce((sum, { type }) => sum + type.stats.entries, 0),
      addresses.reduce((sum, { type }) => sum + type.stats.bytes, 0),
    ];
    expect(held()).toEqual([store.size, store.bytes]);
    store.clear();
    expect([store.size, store.bytes, generations.size, ...held()]).toEqual([0, 0, 0, 0, 0]);
  });

  it('does not keep a value larger than all of it, nor watch its names', async () => {
    const { store, generations } = open({ maxBytes: 10_000 });
    const address = addressOf();
    await store.put(address, draft(address, 'small'));
    await store.put(address, draft(address, 'x'.repeat(20_000)));
    expect([store.size, generations.size, address.type.stats.bytes]).toEqual([0, 0, 0]);
  });

  it('stays within its count, and gives a type with a limit of its own a part of its own', async () => {
    const type = resolveType('permission', { ttl: 60, prefix: 'perm', maxEntries: 10 });
    const { store } = open({ maxEntries: 50, types: [type] });
    for (let id = 0; id < 100; id += 1) {
      const [common, own] = [addressOf(), { ...addressOf(), type, key: `perm:${id}` }];
      await store.put(common, draft(common, id));
      await store.put(own, draft(own, id));
    }
    expect([store.size, (await store.keys('perm:*', 100)).length]).toEqual([60, 10]);
  });
});
