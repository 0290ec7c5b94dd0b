import type { Clock } from '@app/common';
import { LRUCache } from 'lru-cache';
import { globMatcher } from '../cache-key.js';
import type { CacheType } from '../cache-types.js';
import { keyName, type Generations, type Watched } from '../coherence/generations.js';
import { newborn, type Address, type Aged, type Draft, type Found } from '../entry/entry.js';
import type { FrontStore, Invalidation, Lease, Reading, Want, Written } from './store.js';

/** An entry of L1. Times are of the monotonic clock. */
export interface MemoryEntry {
  readonly type: CacheType;
  readonly value: unknown;
  readonly bytes: number;
  readonly watched: Watched;
  readonly storedAt: number;
  readonly ttlMs: number;
  freshUntil: number;
  usableUntil: number;
  /** From here on it must be asked for in L2, if there is one that answers. */
  trustedUntil: number;
  /** Newest stamp at which it was known to be current. */
  checkedAt: number;
  /** After a failed load: when to try the next one. */
  retryAt: number;
}

export interface MemoryStoreOptions {
  /** Of all entries together, as estimated. A type with `maxEntries` of its own may take an eighth of it at most. */
  readonly maxBytes: number;
  readonly maxEntries: number;
  /** Those with an L1 of their own are set up here; others may come later. */
  readonly types: readonly CacheType[];
  /** How long a lease is respected, in milliseconds. */
  readonly leaseMs: number;
  readonly clock: Clock;
  readonly generations: Generations;
  /** False: fills are not fenced, which the coherence tests need in order to show that the fence matters. */
  readonly isFenced: boolean;
}

const entryBytes = 200;
const never = Number.POSITIVE_INFINITY;

/**
 * Entries of this process, bounded by bytes and by count, least recently used out first. Alone it is a whole store; in front of
 * Redis it is L1. `peek` is the hot path: one look-up, and one comparison while nothing has been invalidated.
 */
export class MemoryStore implements FrontStore {
  private readonly common: LRUCache<string, MemoryEntry>;
  private readonly own = new Map<CacheType, LRUCache<string, MemoryEntry>>();
  private readonly parts: readonly LRUCache<string, MemoryEntry>[];
  private readonly leases = new Map<string, { lease: Lease; until: number }>();

  constructor(private readonly options: MemoryStoreOptions) {
    const apart = options.types.filter(({ maxEntries }) => maxEntries !== undefined);
    const share = Math.floor(options.maxBytes / Math.max(8, apart.length * 2));
    for (const type of apart) this.own.set(type, this.createLru(type.maxEntries ?? 1, share));
    this.common = this.createLru(options.maxEntries, options.maxBytes - share * apart.length);
    this.parts = [this.common, ...this.own.values()];
  }

  get size(): number {
    return this.parts.reduce((sum, part) => sum + part.size, 0);
  }

  get bytes(): number {
    return this.parts.reduce((sum, part) => sum + part.calculatedSize, 0);
  }

  /** An entry that may be served; past `trustedUntil` only to those who have nothing better. */
  peek(type: CacheType, key: string, now: number): MemoryEntry | undefined {
    const part = this.partOf(type);
    const entry = part.get(key);
    if (entry === undefined || this.isAlive(entry, now)) return entry;
    part.delete(key);
    return undefined;
  }

  leftover(type: CacheType, key: string, now: number): MemoryEntry | undefined {
    return this.peek(type, key, now);
  }

  async read(address: Address, want: Want): Promise<Reading> {
    const now = this.options.clock.monotonic();
    const entry = this.peek(address.type, address.key, now);
    const found = entry && now < entry.trustedUntil ? foundIn(entry, now) : undefined;
    if (want === 'value' || (want === 'lease' && found && found.freshForMs > 0)) return { found, lease: undefined, isLoading: false };
    const lease = this.lease(address, want === 'reserve');
    return { found, lease, isLoading: lease === undefined };
  }

  async fill(lease: Lease, draft: Draft, trustedForMs = never): Promise<boolean> {
    const held = this.leases.get(lease.address.key);
    const isMine = held?.lease === lease;
    if (isMine) this.leases.delete(lease.address.key);
    const isStored = (isMine || !this.options.isFenced) && this.keep(lease, newborn(draft), draft.names, trustedForMs);
    this.options.generations.release(lease.watched);
    return isStored;
  }

  async release(lease: Lease): Promise<void> {
    if (this.leases.get(lease.address.key)?.lease === lease) this.leases.delete(lease.address.key);
    this.options.generations.release(lease.watched);
  }

  async put(address: Address, draft: Draft, lease?: Lease): Promise<Written> {
    const isMine = lease === undefined || this.leases.get(address.key)?.lease === lease;
    const isAlone = isMine && (lease === undefined || this.isCurrent(lease.watched, draft.names));
    if (lease) await this.release(lease);
    this.drop({ verb: 'remove', keys: [address.key], names: [] });
    if (isAlone) this.insertNew(address, draft, never);
    return { isStored: isAlone, event: this.options.generations.stamp };
  }

  async invalidate(invalidation: Invalidation): Promise<number> {
    this.drop(invalidation);
    return this.options.generations.stamp;
  }

  async keys(glob: string, limit: number): Promise<string[]> {
    const now = this.options.clock.monotonic();
    const stored = this.parts.flatMap((part) => [...part.entries()].filter(([, entry]) => this.isAlive(entry, now)).map(([key]) => key));
    const keys = new Set([...stored, ...this.leases.keys()]);
    return [...keys].filter(globMatcher(glob)).slice(0, limit);
  }

  /** At once, without a promise: nothing that was stored, read or loaded before is answered or kept afterwards. */
  drop({ verb, keys, names }: Invalidation): void {
    for (const key of keys) {
      this.leases.delete(key);
      for (const part of this.parts) {
        const entry = part.peek(key);
        if (!entry) continue;
        if (verb === 'remove') part.delete(key);
        else this.expire(entry, this.options.clock.monotonic());
      }
    }
    this.options.generations.touch([...names, ...keys.map(keyName)], verb);
  }

  clear(): void {
    this.options.generations.touchAll();
    this.leases.clear();
    for (const part of this.parts) part.clear();
  }

  /** Keeps what was loaded or read under `watched` and depends on `names`, unless something was invalidated since then. */
  keep({ address, watched }: Pick<Lease, 'address' | 'watched'>, aged: Aged, names: readonly string[], trustedForMs: number): boolean {
    const { generations, isFenced } = this.options;
    const further = names.filter((name) => !address.names.includes(name));
    if (isFenced && !this.isCurrent(watched, further)) return false;
    const watches = watched.watches.slice(0, address.names.length);
    const own = generations.share({ since: isFenced ? watched.since : generations.stamp, watches });
    this.insert(address, aged, further.length === 0 ? own : generations.extend(own, further), trustedForMs);
    return true;
  }

  /** Stores without asking: right after a `drop`. */
  insertNew(address: Address, draft: Draft, trustedForMs: number): void {
    this.insert(address, newborn(draft), this.options.generations.watch(draft.names), trustedForMs);
  }

  /** Watches the address's names and its key, the key last: an entry itself needs only the names. */
  watch(address: Address): Watched {
    return this.options.generations.watch([...address.names, keyName(address.key)]);
  }

  unwatch(watched: Watched): void {
    this.options.generations.release(watched);
  }

  /** Nor has anything happened to the names that were not watched, as far as that is known. */
  isCurrent(watched: Watched, unwatched: readonly string[] = []): boolean {
    const { generations } = this.options;
    return generations.standing(watched) === 'current' && generations.isUntouched(unwatched, watched.since);
  }

  private lease(address: Address, isForced: boolean): Lease | undefined {
    const now = this.options.clock.monotonic();
    const held = this.leases.get(address.key);
    const isHeld = held && now < held.until && this.isCurrent(held.lease.watched);
    if (isHeld && !isForced) return undefined;
    const lease: Lease = { address, watched: this.watch(address), mayStore: true };
    this.leases.set(address.key, { lease, until: now + this.options.leaseMs });
    return lease;
  }

  private insert(address: Address, aged: Aged, watched: Watched, trustedForMs: number): void {
    const now = this.options.clock.monotonic();
    const { type, key } = address;
    const entry: MemoryEntry = {
      type,
      value: aged.value,
      bytes: aged.bytes + key.length * 2 + entryBytes,
      watched,
      storedAt: now - aged.ageMs,
      ttlMs: aged.ttlMs,
      freshUntil: now + aged.freshForMs,
      usableUntil: now + aged.usableForMs,
      trustedUntil: now + trustedForMs,
      checkedAt: watched.since,
      retryAt: 0,
    };
    const part = this.partOf(type);
    part.set(key, entry, { size: entry.bytes });
    // Larger than all of L1: the cache refused it, and takes no care of what it did not take.
    if (part.peek(key) !== entry) return this.options.generations.release(watched);
    type.stats.l1.fills += 1;
    type.stats.l1.filledBytes += entry.bytes;
    type.stats.entries += 1;
    type.stats.bytes += entry.bytes;
  }

  /** Marks what has happened since it was last looked at; false when it may not be served any more. */
  private isAlive(entry: MemoryEntry, now: number): boolean {
    const { generations } = this.options;
    if (entry.checkedAt === generations.stamp) return now < entry.usableUntil;
    const standing = generations.standing(entry.watched);
    if (standing === 'expired') this.expire(entry, now);
    entry.checkedAt = generations.stamp;
    return standing !== 'removed' && now < entry.usableUntil;
  }

  private expire(entry: MemoryEntry, now: number): void {
    if (entry.freshUntil <= now) return;
    entry.freshUntil = now;
    entry.usableUntil = Math.min(entry.usableUntil, now + entry.type.graceMs);
  }

  private partOf(type: CacheType): LRUCache<string, MemoryEntry> {
    return type.maxEntries === undefined ? this.common : (this.own.get(type) ?? this.common);
  }

  private createLru(max: number, maxSize: number): LRUCache<string, MemoryEntry> {
    return new LRUCache<string, MemoryEntry>({
      max,
      maxSize,
      dispose: (entry, _key, reason) => {
        const { stats } = entry.type;
        if (reason === 'evict') stats.evictions += 1;
        stats.entries -= 1;
        stats.bytes -= entry.bytes;
        this.options.generations.release(entry.watched);
      },
    });
  }
}

export function foundIn(entry: MemoryEntry, now: number): Found {
  return {
    layer: 'L1',
    names: [],
    value: entry.value,
    bytes: entry.bytes,
    ageMs: now - entry.storedAt,
    freshForMs: entry.freshUntil - now,
    usableForMs: entry.usableUntil - now,
    ttlMs: entry.ttlMs,
  };
}
