/**
 * A quantile (0 to 1) of a histogram by linear interpolation within its bucket, as `histogram_quantile` of Prometheus computes it:
 * `counts` are those of each bucket alone, one more than there are bounds. Beyond the last bound it is that bound; of nothing, NaN.
 */
export function quantile(q: number, bounds: readonly number[], counts: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const rank = q * total;
  let below = 0;
  for (const [index, bound] of bounds.entries()) {
    const own = counts[index] ?? 0;
    if (own > 0 && below + own >= rank) {
      const lower = bounds[index - 1] ?? 0;
      return lower + (bound - lower) * ((rank - below) / own);
    }
    below += own;
  }
  return total === 0 ? Number.NaN : (bounds.at(-1) ?? Number.NaN);
}
