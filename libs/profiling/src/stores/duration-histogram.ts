const smallestMs = 0.01;
/** Buckets grow by this factor, so a percentile is off by 2.5 % at most. */
const growth = 1.05;
const buckets = 380;
const logGrowth = Math.log(growth);

/** Durations from 0.01 ms to 18 minutes, as counts in growing buckets: 1.5 kB whatever is recorded, and two of them can be added. */
export class DurationHistogram {
  private readonly counts = new Uint32Array(buckets);
  count = 0;
  totalMs = 0;
  maxMs = 0;

  /** About 50 ns, nearly all of them for the bucket: whoever records in several finds it once. */
  record(ms: number, bucket = bucketOf(ms)): void {
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
    this.count += 1;
    this.totalMs += ms;
    if (ms > this.maxMs) this.maxMs = ms;
  }

  /** The duration that a share of them (0 to 1) did not exceed, in milliseconds; 0 when there is none. */
  percentile(share: number): number {
    const rank = Math.max(1, Math.ceil(share * this.count));
    let seen = 0;
    for (let bucket = 0; bucket < buckets && this.count > 0; bucket += 1) {
      seen += this.counts[bucket] ?? 0;
      if (seen >= rank) return Math.min(this.maxMs, middleOf(bucket));
    }
    return 0;
  }

  clear(): void {
    this.counts.fill(0);
    this.count = 0;
    this.totalMs = 0;
    this.maxMs = 0;
  }
}

/** Where a duration is counted. */
export const bucketOf = (ms: number): number =>
  ms <= smallestMs ? 0 : Math.min(buckets - 1, 1 + Math.floor(Math.log(ms / smallestMs) / logGrowth));

const middleOf = (bucket: number): number => (bucket === 0 ? smallestMs : smallestMs * growth ** (bucket - 0.5));
