import { backoffMs } from './backoff.js';

const backoff = { baseMs: 1000, maxMs: 60_000 };

describe('backoffMs', () => {
  it('doubles its longest wait with each failure, up to the most', () => {
    const longest = [1, 2, 3, 4, 5, 6, 7, 8, 2000].map((failures) => backoffMs(failures, backoff, () => 1));
    expect(longest).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  });

  it('waits anywhere between nothing and the longest', () => {
    expect([0, 0.25, 0.5].map((random) => backoffMs(3, backoff, () => random))).toEqual([0, 1000, 2000]);
  });
});
