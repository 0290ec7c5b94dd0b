import { Injectable } from '@nestjs/common';
import { explain, type Explanation } from './admin/explain.js';
import { figuresOf, type CacheFigures, type CacheStats } from './admin/figures.js';
import { redisFigures } from './admin/redis-figures.js';
import { cacheKey, generationNames, parsePattern, tagName, type CacheId } from './cache-key.js';
import { CacheEngine } from './cache.engine.js';
import type { CacheType } from './cache-types.js';
import type { Verb } from './coherence/generations.js';
import { jsonCodec } from './entry/codec.js';
import { draftOf, type Address } from './entry/entry.js';
import type { Request } from './loading/loading.js';
import type { Loader } from './loading/answer.js';
import { WriteBehindCounter, type WriteBehindOptions } from './loading/write-behind.js';
import type { Invalidation, Lease } from './stores/store.js';

export interface EntryOptions {
  /** Names under which the entry can be ended together with others. */
  readonly tags?: readonly string[];
  /** Further ones that only the value tells: those of the products in a cart. They are as safe as the others. */
  readonly tagsOf?: ((value: never) => readonly string[]) | undefined;
  /** Seconds for which it is fresh, for all values or for this one (`undefined`: there is none); the type's unless told otherwise. */
  readonly ttl?: number | ((value: unknown) => number);
}

/** Where the values of a read-through type come from. */
export interface Source<T> {
  load(id: CacheId): T | Promise<T>;
  tags?(id: CacheId): readonly string[];
}

const noOptions: EntryOptions = {};
const sweepBatch = 200;

/**
 * The cache: values by type and id, in this process and in Redis. Values are JSON; what it gives is frozen, shared by all callers, and the same
 * whether it was loaded or found. Never rejects because of Redis. `Name` are the names of the application's table of types.
 */
@Injectable()
export class Cache<Name extends string = string> {
  private readonly sources = new Map<string, Source<unknown>>();

  constructor(private readonly engine: CacheEngine) {}

  /**
   * The value, from the nearest layer that has it, or from the loader, which runs once for any number of concurrent callers on all replicas.
   * A loader's `undefined` means that there is none, and is kept for the type's `negativeTtl`. Rejects with the loader's error, which is not
   * kept, unless there is an old value inside its grace.
   */
  getOrLoad<T>(name: Name, id: CacheId, load: () => T | Promise<T>, options: EntryOptions = noOptions): Promise<T> {
    const { access } = this.engine;
    const type = this.engine.types.get(name);
    const key = cacheKey(type.prefix, id);
    const now = access.clock.monotonic();
    const entry = access.peek(type, key, now);
    if (entry === undefined) return access.fetch(this.request(type, key, load, options)).then(({ value }) => value as T);
    if (access.isDue(entry, now)) access.refresh(this.request(type, key, load, options), entry, now);
    return Promise.resolve(entry.value as T);
  }

  /** What is there, fresh or within its grace; never loads. Tags are not needed: an entry knows its own. */
  async get<T>(name: Name, id: CacheId): Promise<T | undefined> {
    const { access, store, types } = this.engine;
    const type = types.get(name);
    const key = cacheKey(type.prefix, id);
    const entry = access.peek(type, key, access.clock.monotonic());
    if (entry) return entry.value as T;
    const { found } = await store.read(this.address(type, key, noOptions), 'value');
    access.countRead(type, found);
    return found?.value as T | undefined;
  }

  /** Stores a value, whatever was there; the last call wins. False when it could not be kept. `undefined` is no value: use `delete`. */
  async set(name: Name, id: CacheId, value: unknown, options: EntryOptions = noOptions): Promise<boolean> {
    const type = this.engine.types.get(name);
    const address = this.address(type, cacheKey(type.prefix, id), options);
    const draft = value === undefined ? undefined : this.draft(address, value, options);
    if (draft) return (await this.engine.store.put(address, draft)).isStored;
    await this.invalidate({ verb: 'remove', keys: [address.key], names: [] });
    return false;
  }

  async delete(name: Name, id: CacheId, verb: Verb = 'remove'): Promise<void> {
    await this.invalidate({ verb, keys: [cacheKey(this.engine.types.get(name).prefix, id)], names: [] });
  }

  /**
   * Ends every entry with one of the tags, at a cost that does not depend on how many there are. Call it after the transaction has committed
   * and before the answer: when it resolves, no reader on any replica that can be reached gets, or stores, what was there before.
   */
  async invalidateTags(tags: readonly string[], verb: Verb = 'remove'): Promise<void> {
    if (tags.length > 0) await this.invalidate({ verb, keys: [], names: tags.map(tagName) });
  }

  /**
   * The same for a key (`prod:42`) or all below a prefix (`user:42:*`, which includes `user:42` itself), up to three levels deep. Throws a
   * `RangeError` for another glob: see `sweep`.
   */
  async invalidatePattern(pattern: string, verb: Verb = 'remove'): Promise<void> {
    const { key, subtree } = parsePattern(pattern);
    await this.invalidate({ verb, keys: [key], names: subtree === undefined ? [] : [subtree] });
  }

  /** The name of the type with this prefix, which is added with this TTL (in seconds) if the table has none. */
  typeWithPrefix(prefix: string, ttl: number): Name {
    return this.engine.types.withPrefix(prefix, { ttl }).name as Name;
  }

  /** Makes a type read-through: `read` loads what is not there. Called once, by whoever owns the values. */
  define<T>(name: Name, source: Source<T>): void {
    this.sources.set(this.engine.types.get(name).name, source);
  }

  /** `getOrLoad` with the loader and tags that `define` was given; throws a `RangeError` when it was not. */
  read<T>(name: Name, id: CacheId): Promise<T> {
    const source = this.sources.get(name);
    if (!source) throw new RangeError(`cache type ${name} has no loader`);
    return this.getOrLoad<T>(name, id, () => source.load(id) as Promise<T>, { tags: source.tags?.(id) ?? [] });
  }

  /**
   * Runs a writer. Of a `write-through` type the value that it gives is stored, unless somebody else wrote or invalidated the key since it began:
   * then, as for other types and after a failure, the entry is removed. Rejects with the writer's error.
   */
  async write<T>(name: Name, id: CacheId, writer: () => Promise<T>, options: EntryOptions = noOptions): Promise<T> {
    const { store, types } = this.engine;
    const type = types.get(name);
    const address = this.address(type, cacheKey(type.prefix, id), options);
    const lease = type.strategy === 'write-through' ? (await store.read(address, 'reserve')).lease : undefined;
    let isDone = false;
    try {
      const value = await writer();
      const draft = value === undefined || !lease ? undefined : this.draft(address, value, options);
      if (draft) {
        await store.put(address, draft, lease);
        isDone = true;
      }
      return value;
    } finally {
      if (!isDone) await this.end(address.key, lease);
    }
  }

  /** A counter of a `write-behind` type. What it holds is written when the application ends; see `WriteBehindCounter`. */
  counter(name: Name, options: WriteBehindOptions): WriteBehindCounter {
    const type = this.engine.types.get(name);
    if (type.strategy !== 'write-behind') throw new RangeError(`cache type ${name} is ${type.strategy}, not write-behind`);
    const counter = new WriteBehindCounter(options);
    this.engine.counters.push(counter);
    return counter;
  }

  /** The name of the type that a key belongs to, by its prefix. */
  typeOf(key: string): string | undefined {
    return this.engine.types.ofKey(key)?.name;
  }

  /** Counts by type and layer, and the state of the parts. Asks nobody. */
  figures(): CacheFigures {
    return figuresOf(this.engine);
  }

  /** The same with the figures of the Redis server, for which it asks. Never rejects. */
  async stats(): Promise<CacheStats> {
    const { shared } = this.engine;
    return { ...this.figures(), redis: shared && (await redisFigures(shared.link)) };
  }

  /** Why a read of this key (`prod:42`) would be answered as it would. Never rejects. */
  explain(key: string): Promise<Explanation> {
    return explain(this.engine, key);
  }

  /** At most `limit` keys, stored or being loaded, that match a Redis glob. Scans: for administrators. */
  keys(glob: string, limit = 1000): Promise<string[]> {
    return this.engine.store.keys(glob, limit);
  }

  /** Ends what matches any glob, by scanning, and gives the number of keys: an administrator's batch job, not for a user's request. */
  async sweep(glob: string, verb: Verb = 'remove'): Promise<number> {
    const keys = await this.engine.store.keys(glob, Number.POSITIVE_INFINITY);
    for (let start = 0; start < keys.length; start += sweepBatch) {
      await this.invalidate({ verb, keys: keys.slice(start, start + sweepBatch), names: [] });
    }
    return keys.length;
  }

  private async end(key: string, lease: Lease | undefined): Promise<void> {
    if (lease) await this.engine.store.release(lease);
    await this.invalidate({ verb: 'remove', keys: [key], names: [] });
  }

  private invalidate(invalidation: Invalidation): Promise<unknown> {
    return this.engine.store.invalidate(invalidation);
  }

  private request(type: CacheType, key: string, load: Loader, options: EntryOptions): Request {
    return { address: this.address(type, key, options), load, ttlMs: ttlOf(type, options) };
  }

  private address(type: CacheType, key: string, { tags = [], tagsOf }: EntryOptions): Address {
    const namesOf = tagsOf && ((value: unknown) => tagsOf(value as never).map(tagName));
    return { type, key, names: generationNames(key, tags), namesOf, codec: jsonCodec };
  }

  private draft(address: Address, value: unknown, options: EntryOptions) {
    try {
      const ttlMs = ttlOf(address.type, options);
      return draftOf(address, value, typeof ttlMs === 'number' ? ttlMs : ttlMs(value));
    } catch {
      // It has no encoding. The caller learns it from the answer.
      address.type.stats.unserialisable += 1;
      return undefined;
    }
  }
}

function ttlOf(type: CacheType, { ttl }: EntryOptions): Request['ttlMs'] {
  if (ttl === undefined) return type.ttlMs;
  return typeof ttl === 'number' ? ttl * 1000 : (value) => ttl(value) * 1000;
}
