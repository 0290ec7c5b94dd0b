import { systemClock, type Clock } from '@app/common';
import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { CacheTypes } from './cache-types.js';
import type { RedisCommands, RedisSubscriber } from './redis/redis-client.js';

export interface CacheOptions {
  /** What is cached, and for how long. */
  readonly types: CacheTypes;
  /**
   * Two connections to one server (or fail-over pair): for commands, and for the subscription. Their owner connects, watches and closes
   * them; a client that queues while it is offline is fine, since it is not asked then. Without it the cache is this process alone:
   * right for one process, wrong for several.
   */
  readonly redis?: { readonly commands: RedisCommands; readonly subscriber: RedisSubscriber };
  /** `CACHE_MANAGER` may have a client of its own: sessions should not be evicted to make room for the cache. Default: `redis.commands`. */
  readonly standard?: { readonly redis: RedisCommands };
  /** First part of every key in Redis; letters, digits, `_` and `-`. Default `cache`. */
  readonly namespace?: string;
  /** What `Cache-Status` calls this cache. Default `cache`. */
  readonly name?: string;
  /** Most bytes of L1, as estimated. Default 64 MiB. */
  readonly maxBytes?: number;
  /** Most entries of L1. Default 50,000. */
  readonly maxEntries?: number;
  /** How long L1 answers after Redis was asked, or after the last proof that nothing was missed, in milliseconds. Default 5,000. */
  readonly trustMs?: number;
  /** The same while the other processes cannot be heard, for relaxed types. Default 2,000. */
  readonly detachedTrustMs?: number;
  /** Longest wait for an answer of Redis, in milliseconds. Default 100. */
  readonly deadlineMs?: number;
  /** With an old value of a relaxed type at hand, longest wait for Redis, in milliseconds. Default 25. */
  readonly softMs?: number;
  /** Failures in a row after which Redis is not asked for a while. Default 3. */
  readonly failures?: number;
  /** Pause between looks whether it is back, in milliseconds. Default 500. */
  readonly probeMs?: number;
  /**
   * How long after that its entries are not believed yet, in milliseconds. Must be longer than the other processes take to notice as well,
   * and to tell what they owe it: `probeMs` and two deadlines. Default 1,500.
   */
  readonly settleMs?: number;
  /** Invalidations that are kept while it is away; beyond that all entries are void when it is back. Default 10,000. */
  readonly maxPending?: number;
  /** Milliseconds between signs of life on the backplane. Default 1,000. */
  readonly heartbeatMs?: number;
  /** Longest wait of a removal until all replicas have applied it, in milliseconds; 0: it does not wait. Default 50. */
  readonly acknowledgeMs?: number;
  /** How long one may load a key while others wait, in milliseconds; what takes longer is not kept. Default 10,000. */
  readonly leaseMs?: number;
  /** Longest wait for another replica that loads the same key, in milliseconds. Default 2,000. */
  readonly waitMs?: number;
  /** Pause after a failed load in the background, in milliseconds. Default 1,000. */
  readonly retryMs?: number;
  readonly clock?: Clock;
  /** From 0 to 1. Default `Math.random`. */
  readonly random?: () => number;
  /**
   * False switches off what keeps a value that was loaded before an invalidation from being stored after it. It exists so that a
   * test can show that stale values are served then; nothing else may use it.
   */
  readonly isFenced?: boolean;
  /** False: every read loads, and nothing is kept. Default true. */
  readonly isEnabled?: boolean;
}

export type ResolvedOptions = Required<Omit<CacheOptions, 'redis' | 'standard'>> & Pick<CacheOptions, 'redis' | 'standard'>;

const defaults = {
  namespace: 'cache',
  name: 'cache',
  maxBytes: 64 * 1024 * 1024,
  maxEntries: 50_000,
  trustMs: 5000,
  detachedTrustMs: 2000,
  deadlineMs: 100,
  softMs: 25,
  failures: 3,
  probeMs: 500,
  settleMs: 1500,
  maxPending: 10_000,
  heartbeatMs: 1000,
  acknowledgeMs: 50,
  leaseMs: 10_000,
  waitMs: 2000,
  retryMs: 1000,
  clock: systemClock,
  random: Math.random,
  isFenced: true,
  isEnabled: true,
};

const mayBeZero = new Set(['acknowledgeMs', 'settleMs', 'softMs']);

/** Fills in the defaults. Throws a `RangeError` that names the option which makes no sense. */
export function resolveOptions(options: CacheOptions): ResolvedOptions {
  const resolved = { ...defaults, ...options };
  for (const [name, value] of Object.entries(resolved)) {
    if (typeof value !== 'number' || (value > 0 && Number.isFinite(value)) || (value === 0 && mayBeZero.has(name))) continue;
    throw new RangeError(`${name} must be a number above 0, not ${value}`);
  }
  return resolved;
}

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN: CACHE_OPTIONS } = new ConfigurableModuleBuilder<CacheOptions>()
  .setClassMethodName('forRoot')
  .build();
