import type { ThrottlerStorage } from '@nestjs/throttler';
import type { LimitStore, Meter } from './store.js';

/** Throttler's record; its type is not exported. */
type ThrottlerRecord = Awaited<ReturnType<ThrottlerStorage['increment']>>;

/** The limiter's store as @nestjs/throttler knows storages: its stock guard, in a WebSocket gateway for example, counts exactly too. */
export class ThrottlerLimits implements ThrottlerStorage {
  private readonly meters = new Map<string, Meter>();

  constructor(private readonly store: LimitStore) {}

  /** Times in the record are seconds, rounded up. The block duration is not used: a client waits as long as the window says. */
  // oxlint-disable-next-line max-params -- Throttler's signature
  async increment(key: string, ttl: number, limit: number, _blockDuration: number, throttlerName: string): Promise<ThrottlerRecord> {
    const { isAllowed, remaining, waitMs } = await this.store.take({
      meter: this.meterOf(throttlerName, ttl),
      client: key,
      limit,
      cost: 1,
    });
    const seconds = Math.ceil(waitMs / 1000);
    return {
      totalHits: isAllowed ? limit - remaining : limit + 1,
      timeToExpire: seconds,
      isBlocked: !isAllowed,
      timeToBlockExpire: isAllowed ? 0 : seconds,
    };
  }

  private meterOf(throttlerName: string, windowMs: number): Meter {
    const name = `throttler ${throttlerName} ${windowMs}`;
    const known = this.meters.get(name);
    if (known) return known;
    const meter: Meter = { name, windowMs, algorithm: 'sliding-log' };
    this.meters.set(name, meter);
    return meter;
  }
}
