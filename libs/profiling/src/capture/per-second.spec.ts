import { PerSecond } from './per-second.js';

describe('PerSecond', () => {
  it('lets so many through in each second', () => {
    const some = new PerSecond(2);
    expect([0, 1, 999, 1000, 1001, 1002, 5000].map((now) => some.take(now))).toEqual([true, true, false, true, true, false, true]);
  });

  it('counts what comes late in the present second', () => {
    const some = new PerSecond(2);
    expect([1000, 999, 1001, 998].map((now) => some.take(now))).toEqual([true, true, false, false]);
  });
});
