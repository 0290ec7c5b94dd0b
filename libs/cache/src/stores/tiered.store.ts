import type { Clock } from '@app/common';
import type { CacheType } from '../cache-types.js';
import type { Backplane } from '../coherence/backplane.js';
import type { Watched } from '../coherence/generations.js';
import type { PendingInvalidations } from '../coherence/pending-invalidations.js';
import { newborn, type Address, type Draft } from '../entry/entry.js';
import type { CircuitBreaker } from '../redis/circuit-breaker.js';
import { RedisFull } from '../redis/redis-client.js';
import { foundIn, type MemoryEntry, type MemoryStore } from './memory.store.js';
import type { RedisStore } from './redis.store.js';
import type { FrontStore, Invalidation, Lease, Reading, Want, Written } from './store.js';

export interface TieredStoreOptions {
  readonly memory: MemoryStore;
  readonly redis: RedisStore;
  readonly backplane: Pick<Backplane, 'isAttached' | 'acknowledged' | 'provenAt'>;
  readonly breaker: Pick<CircuitBreaker, 'state' | 'trip'>;
  readonly pending: PendingInvalidations;
  /**
   * How long an entry of L1 is believed, in milliseconds, after Redis was asked for it or after the last proof that this process has heard
   * all invalidations. Such a proof comes with every sign of life, so as long as they come Redis is not asked again.
   */
  readonly trustMs: number;
  /** The same while they are not; of relaxed types only. */
  readonly detachedTrustMs: number;
  readonly clock: Clock;
}

/**
 * L1 in front of Redis. Whoever reads or loads watches its names in this process before Redis is asked, so whatever the backplane
 * tells in between cancels the fill of L1, as the script cancels that of Redis. Never rejects because of Redis.
 */
export class TieredStore implements FrontStore {
  constructor(private readonly options: TieredStoreOptions) {}

  peek(type: CacheType, key: string, now: number): MemoryEntry | undefined {
    const entry = this.leftover(type, key, now);
    return entry !== undefined && (now < entry.trustedUntil || this.isProven(now)) ? entry : undefined;
  }

  leftover(type: CacheType, key: string, now: number): MemoryEntry | undefined {
    return this.mayUseMemory(type) ? this.options.memory.peek(type, key, now) : undefined;
  }

  async read(address: Address, want: Want): Promise<Reading> {
    const now = this.options.clock.monotonic();
    const entry = want === 'value' || want === 'lease' ? this.peek(address.type, address.key, now) : undefined;
    if (entry && now < entry.freshUntil) return { found: foundIn(entry, now), lease: undefined, isLoading: false };
    if (address.type.isLocal || this.options.breaker.state !== 'closed') return this.readAlone(address, want);
    const watched = this.options.memory.watch(address);
    try {
      return this.keepRead(address, watched, await this.options.redis.read(address, want));
    } catch {
      // The link has counted it; this process goes on alone.
      this.options.memory.unwatch(watched);
      return this.readAlone(address, want);
    }
  }

  async fill(lease: Lease, draft: Draft): Promise<boolean> {
    const { memory, redis } = this.options;
    const { type } = lease.address;
    if (!lease.remote && lease.mayStore) return memory.fill(lease, draft, this.trustMs(type));
    const isStored = lease.remote ? await redis.fill(lease, draft).catch(ignoreFailure) : false;
    const isKept = isStored !== false && this.mayUseMemory(type) && memory.keep(lease, newborn(draft), draft.names, this.trustMs(type));
    memory.unwatch(lease.watched);
    return isStored === true || isKept;
  }

  async release(lease: Lease): Promise<void> {
    const { memory, redis } = this.options;
    if (!lease.remote && lease.mayStore) return memory.release(lease);
    memory.unwatch(lease.watched);
    // When Redis does not hear it, the lease ends by itself.
    if (lease.remote) await redis.release(lease).catch(ignoreFailure);
  }

  async put(address: Address, draft: Draft, lease?: Lease): Promise<Written> {
    const { memory, redis, breaker, backplane } = this.options;
    const removal: Invalidation = { verb: 'remove', keys: [address.key], names: [] };
    const isHere = address.type.isLocal || breaker.state === 'open' || (lease !== undefined && !lease.remote);
    if (isHere) return this.putAlone(address, draft, lease);
    if (lease) memory.unwatch(lease.watched);
    memory.drop(removal);
    const watched = memory.watch(address);
    try {
      const written = await redis.put(address, draft, lease);
      const isUndisturbed = memory.isCurrent(watched, draft.names);
      memory.drop(removal);
      if (written.isStored && isUndisturbed && this.mayUseMemory(address.type))
        memory.insertNew(address, draft, this.trustMs(address.type));
      await backplane.acknowledged(written.event);
      return written;
    } catch (error) {
      // Whether somebody else wrote in the meantime is not known; a full Redis still holds the old value.
      if (lease || error instanceof RedisFull) return { isStored: false, event: await this.invalidate(removal) };
      return this.putAlone(address, draft);
    } finally {
      memory.unwatch(watched);
    }
  }

  async invalidate(invalidation: Invalidation): Promise<number> {
    const { memory, backplane } = this.options;
    memory.drop(invalidation);
    const event = await this.tell(invalidation);
    // What was read from Redis in the meantime may be from before.
    memory.drop(invalidation);
    if (event > 0 && invalidation.verb === 'remove') await backplane.acknowledged(event);
    return event;
  }

  async keys(glob: string, limit: number): Promise<string[]> {
    const { redis, memory } = this.options;
    const shared = await redis.keys(glob, limit).catch(ignoreFailure);
    return [...new Set([...(shared ?? []), ...(await memory.keys(glob, limit))])].slice(0, limit);
  }

  private async tell(invalidation: Invalidation): Promise<number> {
    const { redis, pending, breaker } = this.options;
    if (breaker.state !== 'open') {
      try {
        return await redis.invalidate(invalidation);
      } catch {
        // Told later, and until then nothing that Redis holds is believed.
        breaker.trip();
      }
    }
    pending.add(invalidation);
    return 0;
  }

  /** Without Redis, or before it is believed again. Strict types are loaded each time: nobody would tell this process of a change. */
  private async readAlone(address: Address, want: Want): Promise<Reading> {
    const { memory } = this.options;
    if (this.mayUseMemory(address.type)) return memory.read(address, want);
    const lease = want === 'value' ? undefined : { address, watched: memory.watch(address), mayStore: false };
    return { found: undefined, lease, isLoading: false };
  }

  /** In this process; the others are told that theirs is over. */
  private async putAlone(address: Address, draft: Draft, lease?: Lease): Promise<Written> {
    const { memory } = this.options;
    const removal: Invalidation = { verb: 'remove', keys: [address.key], names: [] };
    const isAlone = lease === undefined || memory.isCurrent(lease.watched, draft.names);
    if (lease) await this.release(lease);
    const event = await this.invalidate(removal);
    const isStored = isAlone && this.mayUseMemory(address.type);
    if (isStored) memory.insertNew(address, draft, this.trustMs(address.type));
    return { isStored, event };
  }

  private keepRead(address: Address, watched: Watched, reading: Reading): Reading {
    const { memory } = this.options;
    const { found, lease } = reading;
    if (found && this.mayUseMemory(address.type)) memory.keep({ address, watched }, found, found.names, this.trustMs(address.type));
    if (lease) return { ...reading, lease: { ...lease, watched } };
    memory.unwatch(watched);
    return reading;
  }

  /** Whether all that Redis has said of L1's entries has lately been heard. */
  private isProven(now: number): boolean {
    return this.isCoherent && now < this.options.backplane.provenAt + this.options.trustMs;
  }

  /** Whether Redis is believed and the other processes are heard. */
  private get isCoherent(): boolean {
    return this.options.breaker.state === 'closed' && this.options.backplane.isAttached;
  }

  private mayUseMemory(type: CacheType): boolean {
    return !type.isStrict || this.isCoherent;
  }

  private trustMs(type: CacheType): number {
    if (!this.isCoherent) return this.options.detachedTrustMs;
    return type.isLocal ? Number.POSITIVE_INFINITY : this.options.trustMs;
  }
}

/** Redis was slow, gone or full; the link has counted it. */
const ignoreFailure = (): undefined => undefined;
