/** A prime: a request is a few events of always the same kinds, and each kind must have its turn. */
const measuredEvery = 61;
/** A longer event is one in which the thread lost its core: it tells nothing about the profiler. */
const longestEventMs = 0.5;

/** What the profiler itself costs: one event in 61 is timed, so that timing costs next to nothing, and counts for all of them. */
export class OwnCost {
  private untilTimed = measuredEvery;
  private turns = 0;
  private measuredEvents = 0;
  private measuredMs = 0;

  /** An event begins. What this gives goes to `end`: its time, or 0 when it is not timed. */
  begin(): number {
    this.untilTimed -= 1;
    return this.untilTimed > 0 ? 0 : this.beginTimed();
  }

  end(begunAt: number): void {
    if (begunAt > 0) this.endTimed(begunAt);
  }

  get totalMs(): number {
    const events = this.turns * measuredEvery + (measuredEvery - this.untilTimed);
    return (this.measuredMs / Math.max(1, this.measuredEvents)) * events;
  }

  private beginTimed(): number {
    this.untilTimed = measuredEvery;
    this.turns += 1;
    return performance.now();
  }

  private endTimed(begunAt: number): void {
    const tookMs = performance.now() - begunAt;
    if (tookMs > longestEventMs) return;
    this.measuredEvents += 1;
    this.measuredMs += tookMs;
  }
}
