import type { CacheType } from '../cache-types.js';
import type { Verb, Watched } from '../coherence/generations.js';
import type { Address, Draft, Found } from '../entry/entry.js';
import type { MemoryEntry } from './memory.store.js';

/**
 * `value`: only look. `lease`: if there is nothing fresh, be the one who loads. `refresh`: load again although it is fresh.
 * `reserve`: a write is about to happen; takes the lease from whoever has it.
 */
export type Want = 'value' | 'lease' | 'refresh' | 'reserve';

/** The right to store what one loads. It ends with every invalidation of the key or of a name that it depends on. */
export interface Lease {
  readonly address: Address;
  readonly watched: Watched;
  /** How the shared store knows it: its token, the incarnation and the sequence as of which it was given. */
  readonly remote?: { readonly text: string; readonly incarnation: string; readonly sequence: number };
  /** False: nothing that is loaded now may be kept, since this process could not learn that it has changed. */
  readonly mayStore: boolean;
}

export interface Reading {
  readonly found: Found | undefined;
  /** Given when it was wanted and nobody else has it. */
  readonly lease: Lease | undefined;
  /** Somebody else loads it. */
  readonly isLoading: boolean;
}

export interface Written {
  readonly isStored: boolean;
  /** The number of this event, which grows with each; see `Store.invalidate`. */
  readonly event: number;
}

export interface Invalidation {
  readonly verb: Verb;
  readonly keys: readonly string[];
  /** Generations, see `generationNames`. */
  readonly names: readonly string[];
}

/** Keeps entries. One contract, one conformance suite (`test/store.conformance.ts`). Whoever is given a lease fills or releases it. */
export interface Store {
  read(address: Address, want: Want): Promise<Reading>;
  /** False, and nothing is kept, when the key or one of its names was invalidated since the lease was given. */
  fill(lease: Lease, draft: Draft): Promise<boolean>;
  release(lease: Lease): Promise<void>;
  /**
   * Stores without having read; the last call wins. With a lease from `reserve`: only if nobody else wrote or invalidated since then,
   * else the entry is removed and nothing stored.
   */
  put(address: Address, draft: Draft, lease?: Lease): Promise<Written>;
  /** When it resolves, no later read gives what was stored before. Gives the number of the event. */
  invalidate(invalidation: Invalidation): Promise<number>;
  /** At most `limit` keys, stored or being loaded, that match a Redis glob, by scanning: for administrators. */
  keys(glob: string, limit: number): Promise<string[]>;
}

/** A store with entries in this process, which can be had without a promise. `now` is the monotonic clock's. */
export interface FrontStore extends Store {
  /** An entry, fresh or stale, that may be answered. */
  peek(type: CacheType, key: string, now: number): MemoryEntry | undefined;
  /** One that may be answered if nothing better can be had in time: not confirmed by the store behind this one for a while. */
  leftover(type: CacheType, key: string, now: number): MemoryEntry | undefined;
}
