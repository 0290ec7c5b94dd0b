import type { Ask, Decision, Meter } from './store.js';

/**
 * What one process remembers of one client under one meter. Times are whole monotonic microseconds, as those in Redis are: sums of
 * fractions would be off by a bit, and a wait of 60 s would be rounded up to 60.001.
 */
export abstract class Usage {
  /** The same client under another meter: a client has few, so a chain costs less than a map. */
  next: Usage | undefined = undefined;
  /** A refusal by the shared store: asking it again before `askAgainAt` is in vain, unless the limit has grown. */
  private retryAt = 0;
  private askAgainAt = 0;
  private refusedLimit = 0;
  private refusedCost = 0;

  constructor(readonly meter: Meter) {}

  /** Roughly, in memory; grows with what is added. */
  abstract get bytes(): number;

  /** Whether nothing of it counts any more. */
  abstract isSpent(now: number): boolean;

  /** What would be decided now; records nothing. */
  abstract check(now: number, ask: Ask): Decision;

  /** Records an allowed request. Times that go back count as the latest one. */
  abstract add(now: number, ask: Ask): void;

  refuse(now: number, { limit, cost }: Ask, waitMs: number): void {
    this.retryAt = now + waitMs * 1000;
    this.askAgainAt = Math.min(this.retryAt, now + 1_000_000);
    this.refusedLimit = limit;
    this.refusedCost = cost;
  }

  /** The refusal that still holds, with the wait as it is now. */
  refusal(now: number, { limit, cost }: Ask): Decision | undefined {
    if (now >= this.askAgainAt || limit > this.refusedLimit || cost < this.refusedCost) return undefined;
    return { isAllowed: false, remaining: 0, waitMs: Math.ceil((this.retryAt - now) / 1000) };
  }
}
