import { PendingInvalidations } from './pending-invalidations.js';

describe('invalidations that Redis has to be told about', () => {
  it('keeps each key and name once, a removal before an expiry', () => {
    const pending = new PendingInvalidations(100);
    pending.add({ verb: 'remove', keys: ['a'], names: ['t:x'] });
    pending.add({ verb: 'expire', keys: ['a', 'b'], names: ['t:x', 't:y'] });
    pending.add({ verb: 'remove', keys: ['a'], names: ['t:y'] });
    expect(pending.size).toBe(4);
    expect(pending.take()).toEqual({
      isEverything: false,
      batches: [
        { verb: 'remove', keys: ['a'], names: ['t:x', 't:y'] },
        { verb: 'expire', keys: ['b'], names: [] },
      ],
    });
    expect(pending.take()).toEqual({ isEverything: false, batches: [] });
  });

  it('gives them out in batches of bounded size', () => {
    const pending = new PendingInvalidations(10_000);
    pending.add({ verb: 'remove', keys: Array.from({ length: 1200 }, (_, index) => `k${index}`), names: ['t:x'] });
    expect(pending.take().batches.map(({ keys, names }) => [keys.length, names.length])).toEqual([
      [500, 1],
      [500, 0],
      [200, 0],
    ]);
  });

  it('is everything beyond its limit, until that was taken', () => {
    const pending = new PendingInvalidations(2);
    pending.add({ verb: 'remove', keys: ['a', 'b', 'c'], names: [] });
    pending.add({ verb: 'remove', keys: ['d'], names: [] });
    expect([pending.size, pending.isEverything]).toEqual([0, true]);
    expect(pending.take()).toEqual({ isEverything: true, batches: [] });
    expect(pending.isEverything).toBe(false);
  });
});
