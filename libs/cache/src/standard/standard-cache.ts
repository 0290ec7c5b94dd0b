import { createCache, KeyvAdapter, type Cache as StandardCache } from 'cache-manager';
import { Keyv } from 'keyv';
import { LRUCache } from 'lru-cache';
import type { ResolvedOptions } from '../cache.options.js';
import { GuardedStore } from './guarded-store.js';

const entriesInMemory = 10_000;

/** Nest's `CACHE_MANAGER`, and what ends its timers. */
export interface Standard {
  readonly cache: StandardCache;
  stop(): void;
}

/**
 * cache-manager over Redis, for whatever speaks its language: sessions above all. It has no L1, so what one replica writes the others read. Without
 * Redis it is a bounded map in this process. TTLs are milliseconds; never rejects because of Redis.
 */
export function createStandardCache(options: ResolvedOptions): Standard {
  const client = options.standard?.redis ?? options.redis?.commands;
  const namespace = `${options.namespace}-std`;
  if (!client) {
    return { cache: createCache({ stores: [new Keyv({ store: boundedStore(), namespace })] }), stop: () => undefined };
  }
  const store = new GuardedStore({ ...options, client, namespace });
  return { cache: createCache({ stores: [new Keyv({ store: new KeyvAdapter(store), namespace })] }), stop: () => store.breaker.stop() };
}

/** lru-cache takes options where Keyv gives milliseconds. */
function boundedStore() {
  const entries = new LRUCache<string, string | object>({ max: entriesInMemory });
  return {
    get: (key: string) => entries.get(key),
    set: (key: string, value: string | object, ttl = 0) => entries.set(key, value, { ttl }),
    delete: (key: string) => entries.delete(key),
    clear: () => entries.clear(),
  };
}
