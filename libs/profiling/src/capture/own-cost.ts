/** A prime: a request is a few events of always the same kinds, and each kind must have its turn. */
const measuredEvery = 61;
/** A longer event is one in which the thread lost its core: it tells nothing about the profiler. */
const longestEventMs = 0.5;

/** What the profiler itself costs: one event in 61 is timed, so that timing costs next to nothing, and counts for all of them. */
export class OwnCost {
  private events = 0;
  private untilTimed = measuredEvery;
  private measuredEvents = 0;
  private measuredMs = 0;

  /** An event begins. What this gives goes to `end`: its time, or 0 when it is not timed. */
  begin(): number {
    this.events += 1;
    this.untilTimed -= 1;
    if (this.untilTimed > 0) return 0;
    this.untilTimed = measuredEvery;
    return performance.now();
  }

  end(begunAt: number): void {
    if (begunAt === 0) return;
    const tookMs = performance.now() - begunAt;
    if (tookMs > longestEventMs) return;
    this.measuredEvents += 1;
    this.measuredMs += tookMs;
  }

  get totalMs(): number {
    return (this.measuredMs / Math.max(1, this.measuredEvents)) * this.events;
  }
}
