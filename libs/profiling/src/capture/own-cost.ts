const measuredEvery = 64;
/** A longer event is one in which the thread lost its core: it tells nothing about the profiler. */
const longestEventMs = 0.5;

/** What the profiler itself costs: one event in 64 is timed, so that timing costs next to nothing, and counts for all of them. */
export class OwnCost {
  private events = 0;
  private measuredEvents = 0;
  private measuredMs = 0;
  private batchMs = 0;

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

  /** For work that is rare and long: its CPU time, every time. */
  ofBatch(work: () => void): void {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    this.batchMs += (user + system) / 1000;
  }

  get totalMs(): number {
    return this.batchMs + (this.measuredMs / Math.max(1, this.measuredEvents)) * this.events;
  }
}
