import { seededRandom } from '../../tools/bench/load/random.mjs';
import { zipf } from './popularity.ts';

describe('zipf', () => {
  it('draws each rank as often as its share of the harmonic sum', () => {
    const size = 50;
    const draws = 200_000;
    const rank = zipf(size);
    const random = seededRandom(3);
    const counts = Array.from({ length: size }, () => 0);
    for (let draw = 0; draw < draws; draw += 1) counts[rank(random)]! += 1;
    const harmonic = counts.reduce((sum, _, index) => sum + 1 / (index + 1), 0);
    counts.forEach((count, index) => {
      const expected = draws / (index + 1) / harmonic;
      // Five standard deviations of a binomial count: the draws are the same each time.
      expect(Math.abs(count - expected)).toBeLessThan(5 * Math.sqrt(expected));
    });
  });

  it.each([1, 2, 1_000_000])('stays within %i ranks', (size) => {
    const rank = zipf(size);
    const random = seededRandom(4);
    for (let draw = 0; draw < 10_000; draw += 1) {
      const drawn = rank(random);
      expect(Number.isInteger(drawn) && drawn >= 0 && drawn < size).toBe(true);
    }
  });
});
