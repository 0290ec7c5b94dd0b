import { exponential, pick, seededRandom, shuffled, zipf } from './random.mjs';

const draws = (count, draw) => Array.from({ length: count }, draw);

describe('seededRandom', () => {
  it('repeats itself for the same seed, and not for another', () => {
    const [one, same, other] = [seededRandom(42), seededRandom(42), seededRandom(43)].map((random) => draws(5, random));
    expect(same).toEqual(one);
    expect(other).not.toEqual(one);
  });

  it('fills [0, 1) evenly', () => {
    const random = seededRandom(1);
    const tenths = Array.from({ length: 10 }, () => 0);
    for (const value of draws(100_000, random)) tenths[Math.floor(value * 10)] += 1;
    expect(Math.min(...tenths)).toBeGreaterThan(9700);
    expect(Math.max(...tenths)).toBeLessThan(10_300);
  });
});

describe('zipf', () => {
  it.each([
    [0, 0],
    [0.545, 0],
    [0.546, 1],
    [0.818, 1],
    [0.819, 2],
    [0.999999, 2],
  ])('of three ranks, in proportion to 6 : 3 : 2, %f falls on rank %i', (value, rank) => {
    expect(zipf(3)(() => value)).toBe(rank);
  });

  it('draws rank r in proportion to 1 / (r + 1)', () => {
    const random = seededRandom(7);
    const sample = zipf(1000);
    const counts = Array.from({ length: 1000 }, () => 0);
    for (const rank of draws(200_000, () => sample(random))) counts[rank] += 1;
    // The sum of 1 / r up to 1,000 is 7.4855: 26,718 draws of the first rank are expected, 2,672 of the tenth.
    expect(counts[0] / 26_718).toBeCloseTo(1, 1);
    expect(counts[9] / 2672).toBeCloseTo(1, 1);
  });

  it('is steeper with a greater exponent', () => {
    const value = () => 0.6;
    expect(zipf(1000, 2)(value)).toBe(0);
    expect(zipf(1000, 1)(value)).toBeGreaterThan(40);
  });

  it('draws the only rank there is', () => {
    expect(zipf(1)(() => 0.99)).toBe(0);
  });
});

describe('pick', () => {
  it('reaches the first and the last value', () => {
    expect(pick(['a', 'b'], () => 0)).toBe('a');
    expect(pick(['a', 'b'], () => 0.9999)).toBe('b');
  });
});

describe('exponential', () => {
  it('has the mean that it is told', () => {
    const random = seededRandom(3);
    const sum = draws(100_000, () => exponential(500, random)).reduce((total, value) => total + value, 0);
    expect(sum / 100_000 / 500).toBeCloseTo(1, 1);
  });
});

describe('shuffled', () => {
  it('keeps every value once, in an order that the seed decides', () => {
    const values = draws(50, (_, index) => index);
    const once = shuffled(values, seededRandom(5));
    expect(shuffled(values, seededRandom(5))).toEqual(once);
    expect(once).not.toEqual(values);
    expect(once.toSorted((a, b) => a - b)).toEqual(values);
  });
});
