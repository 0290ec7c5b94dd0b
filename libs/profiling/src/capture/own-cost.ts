/** A prime: a request is a few events of always the same kinds, and each kind must have its turn. */
const measuredEvery = 61;
/** A longer event is one in which the thread lost its core: it tells nothing about the profiler. */
const longestEventMs = 0.5;

/** What the profiler itself costs: one event in 61 is timed, so that timing costs next to nothing, and counts for all of them. */
export class OwnCost {
  private events = 0;
  private measuredEvents = 0;
  private measuredMs = 0;

  /** Runs `work` and takes its time now and then. */
  of(work: () => void): void {
    this.events += 1;
    if (this.events % measuredEvery !== 0) return work();
    const startedAt = performance.now();
    work();
    const tookMs = performance.now() - startedAt;
    if (tookMs > longestEventMs) return;
    this.measuredEvents += 1;
    this.measuredMs += tookMs;
  }

  get totalMs(): number {
    return (this.measuredMs / Math.max(1, this.measuredEvents)) * this.events;
  }
}
