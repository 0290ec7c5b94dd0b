/**
 * Ranks from 0 to `size - 1`, rank r in proportion to 1 / (r + 1): Zipf's law with exponent 1, exactly, by rejection-inversion (Hörmann and
 * Derflinger, 1996). It needs no table, which each virtual user would have for itself.
 */
export function zipf(size: number): (random: () => number) => number {
  const least = Math.log(1.5) - 1;
  const range = Math.log(size + 0.5) - least;
  const surely = 2 - Math.exp(Math.log(2.5) - 0.5);
  return (random) => {
    for (;;) {
      const area = least + random() * range;
      const point = Math.exp(area);
      const rank = Math.min(size, Math.max(1, Math.round(point)));
      if (rank - point <= surely || area >= Math.log(rank + 0.5) - 1 / rank) return rank - 1;
    }
  };
}
