/** The smallest sample that at least `ratio` of all samples do not exceed (nearest rank). `sorted` ascends; NaN when it is empty. */
export function percentile(sorted, ratio) {
  if (sorted.length === 0) return NaN;
  return sorted[Math.max(0, Math.ceil(ratio * sorted.length) - 1)];
}

/** The middle value; of an even number, the mean of the middle two. NaN of none. */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** What is printed of several runs. A figure that a run could not take (undefined, NaN) is left out; undefined when none could. */
export function spread(values) {
  const taken = values.filter((value) => Number.isFinite(value));
  if (taken.length === 0) return undefined;
  return { median: median(taken), min: Math.min(...taken), max: Math.max(...taken) };
}

/**
 * The median with the interval that holds that of all runs in 95 of 100 cases, whatever they are distributed like: the order statistics at
 * n/2 ± 0.98 √n (normal approximation of the sign test). Of few runs: the least and the greatest.
 */
export function medianInterval(values) {
  const sorted = values.filter((value) => Number.isFinite(value)).toSorted((a, b) => a - b);
  if (sorted.length === 0) return undefined;
  const reach = 0.98 * Math.sqrt(sorted.length);
  const low = Math.max(0, Math.floor(sorted.length / 2 - reach));
  const high = Math.min(sorted.length - 1, Math.ceil(sorted.length / 2 + reach) - 1);
  return { median: median(sorted), min: sorted[low], max: sorted[high] };
}

/** The ratio of two figures run by run, so that what slowed both of one round down counts in neither. */
export function ratioByRound(candidates, floors) {
  return spread(candidates.map((value, round) => value / floors[round]));
}
