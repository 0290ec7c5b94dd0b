/** Numbers in [0, 1), the same for the same seed (mulberry32: 32 bits of state, plenty for a load of minutes). */
export function seededRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * Ranks from 0 to `size - 1`, rank r in proportion to 1 / (r + 1) ** exponent: exact, by inversion of the table of sums. Costs 8 bytes a
 * rank and a binary search a draw.
 */
export function zipf(size, exponent = 1) {
  const sums = new Float64Array(size);
  let sum = 0;
  for (let rank = 0; rank < size; rank += 1) {
    sum += 1 / (rank + 1) ** exponent;
    sums[rank] = sum;
  }
  return (random) => firstAbove(sums, random() * sum);
}

function firstAbove(sums, wanted) {
  let low = 0;
  let high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sums[middle] > wanted) high = middle;
    else low = middle + 1;
  }
  return low;
}

export const pick = (values, random) => values[Math.floor(random() * values.length)];

/** Waiting times of arrivals that know nothing of each other. */
export const exponential = (mean, random) => -mean * Math.log(1 - random());

/** A new list in random order (Fisher and Yates). */
export function shuffled(values, random) {
  const list = [...values];
  for (let last = list.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [list[last], list[other]] = [list[other], list[last]];
  }
  return list;
}
