import { median, medianInterval, percentile, ratioByRound, spread } from './statistics.mjs';

describe('percentile', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);

  it.each([
    [0.5, 50],
    [0.95, 95],
    [0.99, 99],
    [0.991, 100],
    [1, 100],
    [0, 1],
  ])('of 1 to 100 at %f is the nearest rank, %i', (ratio, expected) => {
    expect(percentile(hundred, ratio)).toBe(expected);
  });

  it('never answers a value that was not measured', () => {
    expect(percentile([10, 20], 0.5)).toBe(10);
    expect(percentile([10, 20], 0.51)).toBe(20);
  });

  it('is the one sample there is, and NaN of none', () => {
    expect(percentile(Float64Array.of(7), 0.99)).toBe(7);
    expect(percentile([], 0.5)).toBeNaN();
  });
});

describe('median', () => {
  it('sorts by size, not by text, and leaves its input alone', () => {
    const values = [100, 9, 20];
    expect(median(values)).toBe(20);
    expect(values).toEqual([100, 9, 20]);
  });

  it('is the mean of the middle two of an even number', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });
});

describe('spread', () => {
  it('gives median, least and greatest', () => {
    expect(spread([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
  });

  it('leaves out what could not be measured', () => {
    expect(spread([undefined, 5, NaN])).toEqual({ median: 5, min: 5, max: 5 });
    expect(spread([undefined])).toBeUndefined();
  });
});

describe('ratioByRound', () => {
  it('compares each run with the floor of its own round', () => {
    // A machine that is twice as slow in the second round changes no ratio.
    expect(ratioByRound([20, 40, 21], [10, 20, 10])).toEqual({ median: 2, min: 2, max: 2.1 });
  });

  it('has nothing to say without a floor', () => {
    expect(ratioByRound([20], [undefined])).toBeUndefined();
  });
});

describe('medianInterval', () => {
  const numbers = (count) => Array.from({ length: count }, (_, index) => index + 1);

  it('narrows with the square root of the number of runs', () => {
    expect(medianInterval(numbers(100))).toEqual({ median: 50.5, min: 41, max: 60 });
    expect(medianInterval(numbers(10_000).toReversed())).toEqual({ median: 5000.5, min: 4903, max: 5098 });
  });

  it('is all of a few runs, leaves out what was not taken, and of none is none', () => {
    expect(medianInterval([3, Number.NaN, 1, undefined, 2])).toEqual({ median: 2, min: 1, max: 3 });
    expect(medianInterval([Number.NaN])).toBeUndefined();
  });
});
