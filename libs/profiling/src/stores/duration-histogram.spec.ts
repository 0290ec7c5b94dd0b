import { DurationHistogram } from './duration-histogram.js';

describe('DurationHistogram', () => {
  it.each([0.5, 0.95, 0.99, 1])('gives the percentile %d within 2.5 %% of the exact one', (share) => {
    const histogram = new DurationHistogram();
    // Durations over five orders of magnitude, in an order that is not theirs.
    const all = Array.from({ length: 10_000 }, (_, n) => 0.02 * 1.0013 ** ((n * 7919) % 10_000));
    for (const ms of all) histogram.record(ms);
    const exact = all.toSorted((a, b) => a - b)[Math.ceil(share * all.length) - 1] ?? 0;
    expect(Math.abs(histogram.percentile(share) / exact - 1)).toBeLessThan(0.025);
  });

  it('is never beyond the longest, and 0 without any', () => {
    const histogram = new DurationHistogram();
    expect(histogram.percentile(0.95)).toBe(0);
    histogram.record(3.001);
    expect([histogram.percentile(0.5) <= 3.001, histogram.percentile(1)]).toEqual([true, histogram.percentile(0.5)]);
    expect(histogram).toMatchObject({ count: 1, totalMs: 3.001, maxMs: 3.001 });
  });

  it.each([
    [0, 0],
    [-1, 0],
    [1e12, 1_000_000],
  ])('takes %d ms, which no bucket is made for', (ms, least) => {
    const histogram = new DurationHistogram();
    histogram.record(ms);
    expect(histogram.percentile(0.5)).toBeGreaterThanOrEqual(Math.min(least, ms));
    expect(histogram.count).toBe(1);
  });

  it('begins anew when it is cleared', () => {
    const histogram = new DurationHistogram();
    histogram.record(5);
    histogram.clear();
    expect([histogram.count, histogram.maxMs, histogram.percentile(0.5)]).toEqual([0, 0, 0]);
  });
});
