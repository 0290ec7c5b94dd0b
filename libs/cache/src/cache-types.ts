import { newTypeStats, type TypeStats } from './admin/type-stats.js';

/**
 * How values of a type come and go.
 * `cache-aside` and `read-through` differ in who holds the loader: the caller, or the cache after `Cache.define`.
 * `refresh-ahead` also loads an entry again before it ends, if it is still asked for.
 * `write-through` lets `Cache.write` store what a writer returns; elsewhere a write removes the entry.
 * `write-behind` is for counters that `Cache.counter` collects and flushes.
 */
export type Strategy = 'cache-aside' | 'read-through' | 'write-through' | 'write-behind' | 'refresh-ahead';

export interface CacheTypeOptions {
  /** Seconds for which an entry is fresh; up to a tenth is taken off at random, so that entries of one moment do not end together. */
  readonly ttl: number;
  /** First part of the key: `prod` makes `prod:42`. Two types may not share it. */
  readonly prefix: string;
  /** Seconds after that in which the old value is still answered while it is loaded again, or while loading fails. Default 0. */
  readonly grace?: number;
  /** Default `cache-aside`. */
  readonly strategy?: Strategy;
  /** Seconds for which the answer "there is none" (a loader's `undefined`) is kept. Default 0: not at all. */
  readonly negativeTtl?: number;
  /**
   * `strict` entries are never older than an acknowledged write: while this process cannot hear the others (Redis away,
   * subscription lost) they are loaded each time. `relaxed` ones are then kept in this process for a second or two. Default `relaxed`.
   */
  readonly consistency?: 'strict' | 'relaxed';
  /** Kept in this process alone; invalidations still reach all. Default false. */
  readonly localOnly?: boolean;
  /** Gives the type an L1 of its own with this many entries, apart from the common one. */
  readonly maxEntries?: number;
  /** To be raised when the shape of the value changes: entries of other versions are not read. Default 1. */
  readonly version?: number;
}

export type CacheTypes = Readonly<Record<string, CacheTypeOptions>>;

/** Keeps the names of the table, so that they can type a cache: `Cache<keyof typeof types>`. */
export const defineCacheTypes = <const T extends CacheTypes>(types: T): T => types;

/** A type as the library works with it: defaults filled in, milliseconds. */
export interface CacheType {
  readonly name: string;
  readonly prefix: string;
  /** First word of its entries: the library's format and the type's version. */
  readonly format: string;
  readonly ttlMs: number;
  readonly graceMs: number;
  readonly negativeTtlMs: number;
  readonly strategy: Strategy;
  readonly isStrict: boolean;
  readonly isLocal: boolean;
  readonly maxEntries: number | undefined;
  readonly stats: TypeStats;
}

const strategies: readonly Strategy[] = ['cache-aside', 'read-through', 'write-through', 'write-behind', 'refresh-ahead'];

/** Throws a `RangeError` that names the type and what is wrong with it. */
export function resolveType(name: string, options: CacheTypeOptions): CacheType {
  const wrong = (what: string) => new RangeError(`cache type ${name}: ${what}`);
  const { ttl, prefix, grace = 0, negativeTtl = 0, strategy = 'cache-aside', version = 1, maxEntries } = options;
  if (!(ttl > 0 && Number.isFinite(ttl))) throw wrong('ttl must be a number of seconds above 0');
  for (const [field, seconds] of Object.entries({ grace, negativeTtl })) {
    if (!(seconds >= 0 && Number.isFinite(seconds))) throw wrong(`${field} must be a number of seconds, or 0`);
  }
  if (!/^[\w.-]+$/.test(prefix)) throw wrong('prefix must be letters, digits, "_", "-" or "."');
  if (!(Number.isInteger(version) && version > 0)) throw wrong('version must be a number above 0');
  if (!strategies.includes(strategy)) throw wrong(`no strategy ${strategy}`);
  if (maxEntries !== undefined && !(Number.isInteger(maxEntries) && maxEntries > 0)) throw wrong('maxEntries must be above 0');
  return {
    name,
    prefix,
    format: `c1.${version}`,
    ttlMs: ttl * 1000,
    graceMs: grace * 1000,
    negativeTtlMs: negativeTtl * 1000,
    strategy,
    isStrict: options.consistency === 'strict',
    isLocal: options.localOnly === true,
    maxEntries,
    stats: newTypeStats(),
  };
}
