import type { Ask, Decision } from './store.js';
import { Usage } from './usage.js';

/** The object, its array and its entry in a map with a key of twenty characters; measured by `tools/rate-limit-cost.mjs`. */
const OVERHEAD_BYTES = 300;

/**
 * The exact sliding window: the time of every hit of the last window, in a ring that grows with use up to the limit. A check costs a
 * comparison per hit that has left the window since the last one.
 */
export class SlidingLog extends Usage {
  /** Their number is a power of two. */
  private times: number[] = [NaN, NaN, NaN, NaN];
  private head = 0;
  private count = 0;

  get bytes(): number {
    return OVERHEAD_BYTES + this.times.length * 8;
  }

  isSpent(now: number): boolean {
    return this.count === 0 || this.at(this.count - 1) <= now - this.meter.windowMs * 1000;
  }

  check(now: number, { limit, cost }: Ask): Decision {
    const window = this.meter.windowMs * 1000;
    const horizon = now - window;
    while (this.count > 0 && this.at(0) <= horizon) this.drop();
    const units = Math.min(cost, limit);
    const excess = this.count + units - limit;
    if (excess > 0) {
      // So many of the oldest must leave; the limit may have shrunk since they came.
      const waitMs = Math.ceil((this.at(excess - 1) + window - now) / 1000);
      return { isAllowed: false, remaining: Math.max(0, limit - this.count), waitMs };
    }
    const oldest = this.count > 0 ? this.at(0) : now;
    return { isAllowed: true, remaining: limit - this.count - units, waitMs: Math.ceil((oldest + window - now) / 1000) };
  }

  add(now: number, { limit, cost }: Ask): void {
    const time = this.count > 0 ? Math.max(now, this.at(this.count - 1)) : now;
    for (let left = Math.min(cost, limit); left > 0; left -= 1) {
      if (this.count === this.times.length) this.grow();
      this.times[(this.head + this.count) & (this.times.length - 1)] = time;
      this.count += 1;
    }
  }

  private at(index: number): number {
    return this.times[(this.head + index) & (this.times.length - 1)] ?? 0;
  }

  private drop(): void {
    this.head = (this.head + 1) & (this.times.length - 1);
    this.count -= 1;
  }

  private grow(): void {
    const inOrder = this.times.slice(this.head).concat(this.times.slice(0, this.head));
    // What the second half holds is overwritten before it is read.
    this.times = inOrder.concat(inOrder);
    this.head = 0;
  }
}
