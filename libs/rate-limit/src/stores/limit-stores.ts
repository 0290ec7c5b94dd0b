import { systemClock } from '@app/common';
import type { RateLimitOptions } from '../rate-limit.options.js';
import { MemoryStore } from './memory.store.js';
import { RedisStore } from './redis.store.js';
import { SharedStore } from './shared.store.js';
import type { LimitStore } from './store.js';

/** The stores that the options ask for. */
export class LimitStores {
  readonly local: MemoryStore;
  /** Undefined: this process has its own limits. */
  readonly shared: SharedStore | undefined;

  constructor({ clock = systemClock, memoryBytes = 64 * 1024 * 1024, redis, redisBatchSize = 64, redisDeadlineMs = 75 }: RateLimitOptions) {
    this.local = new MemoryStore({ clock, maxBytes: memoryBytes });
    const timing = { deadlineMs: redisDeadlineMs, retryMs: 1000 };
    this.shared =
      redis && new SharedStore({ clock, remote: new RedisStore(redis, { batchSize: redisBatchSize }), local: this.local, ...timing });
  }

  /** The one that decides. */
  get store(): LimitStore {
    return this.shared ?? this.local;
  }
}
