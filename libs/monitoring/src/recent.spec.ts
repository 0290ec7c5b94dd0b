import { CounterWindow } from './counter-window.js';
import { quantile } from './quantile.js';

describe('CounterWindow', () => {
  it('says by how much each counter has grown within the window, and forgets what is older', () => {
    const window = new CounterWindow(60);
    expect(window.add(0, [10, 0])).toEqual([0, 0]);
    expect(window.add(30, [14, 1])).toEqual([4, 1]);
    expect(window.add(60, [15, 1])).toEqual([5, 1]);
    expect(window.add(90, [16, 1])).toEqual([2, 0]);
    expect(window.add(1000, [16, 1])).toEqual([0, 0]);
  });
});

describe('quantile', () => {
  const bounds = [0.1, 0.2, 0.5];

  it.each([
    [0.5, [10, 0, 0, 0], 0.05],
    [0.95, [50, 50, 0, 0], 0.19],
    [0.5, [0, 0, 10, 0], 0.35],
    [0.99, [1, 0, 0, 99], 0.5],
    [1, [1, 1, 0, 0], 0.2],
  ])('%d of %j is %d, as histogram_quantile has it', (q, counts, expected) =>
    expect(quantile(q, bounds, counts)).toBeCloseTo(expected, 10),
  );

  it('is not a number where nothing was counted', () => expect(quantile(0.5, bounds, [0, 0, 0, 0])).toBeNaN());
});
