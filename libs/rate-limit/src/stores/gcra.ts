import type { Ask, Decision, Meter } from './store.js';
import { Usage } from './usage.js';

const OVERHEAD_BYTES = 260;

/**
 * The generic cell rate algorithm (ITU-T I.371, virtual scheduling): the one number kept is when the client's quota will be whole
 * again. A burst of the limit is let through at once, then one unit each `window / limit`. Redis counts in the same
 * whole microseconds, so both decide alike.
 */
export class Gcra extends Usage {
  private wholeAt = 0;

  get bytes(): number {
    return OVERHEAD_BYTES;
  }

  isSpent(now: number): boolean {
    return this.wholeAt <= now;
  }

  check(now: number, { limit, cost }: Ask): Decision {
    const interval = intervalOf(this.meter, limit);
    const capacity = interval * limit;
    const owed = this.owed(now, capacity) + Math.min(cost, limit) * interval;
    if (owed > capacity) {
      const left = Math.floor((capacity - this.owed(now, capacity)) / interval);
      return { isAllowed: false, remaining: left, waitMs: Math.ceil((owed - capacity) / 1000) };
    }
    const used = Math.ceil(owed / interval);
    return { isAllowed: true, remaining: limit - used, waitMs: Math.ceil((owed - (used - 1) * interval) / 1000) };
  }

  add(now: number, { limit, cost }: Ask): void {
    const interval = intervalOf(this.meter, limit);
    this.wholeAt = now + this.owed(now, interval * limit) + Math.min(cost, limit) * interval;
  }

  /** Microseconds until the quota is whole; a limit that has shrunk leaves no more than a window of debt. */
  private owed(now: number, capacity: number): number {
    return Math.min(Math.max(0, this.wholeAt - now), capacity);
  }
}

/** Rounded up, so that no window lets more through than the limit allows. */
const intervalOf = (meter: Meter, limit: number): number => Math.ceil((meter.windowMs * 1000) / limit);
