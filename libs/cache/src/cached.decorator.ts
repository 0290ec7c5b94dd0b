import { Inject } from '@nestjs/common';
import type { CacheId } from './cache-key.js';
import { Cache, type EntryOptions } from './cache.js';

interface Keyed<Args extends unknown[]> {
  /** Default: the arguments. */
  readonly key?: (...args: Args) => CacheId;
  readonly tags?: (...args: Args) => readonly string[];
  /** See `EntryOptions.tagsOf`. */
  readonly tagsOf?: EntryOptions['tagsOf'];
}

/** A type of the table, or, in short, a prefix and seconds: the type with that prefix, which is added if the table has none. */
export type CachedOptions<Args extends unknown[]> = Keyed<Args> &
  ({ readonly type: string; readonly ttl?: number } | { readonly keyPrefix: string; readonly ttl: number });

type Method<Args extends unknown[]> = (...args: Args) => Promise<unknown>;

const injected = Symbol('the cache of @Cached');

/**
 * Answers a provider's asynchronous method from the cache: `getOrLoad` with the method as its loader. The short form's key is
 * `prefix:arguments:method`, so that `user:42:*` ends whatever is known of user 42. An object that Nest did not create has no
 * cache: its method runs each time.
 */
export function Cached<Args extends unknown[] = never[]>(options: CachedOptions<Args>) {
  return <M extends Method<Args>>(target: object, name: string | symbol, descriptor: TypedPropertyDescriptor<M>): void => {
    Inject(Cache)(target, injected);
    const method = descriptor.value as Method<Args>;
    async function cached(this: { [injected]?: Cache }, ...args: Args): Promise<unknown> {
      const cache = this[injected];
      if (!cache) return method.apply(this, args);
      const tags = options.tags?.(...args) ?? [];
      const type = 'type' in options ? options.type : cache.typeWithPrefix(options.keyPrefix, options.ttl);
      const id = options.key ? options.key(...args) : argumentsId(args, 'type' in options ? '' : String(name));
      const lifetime = options.ttl === undefined ? {} : { ttl: options.ttl };
      return cache.getOrLoad(type, id, () => method.apply(this, args), { tags, tagsOf: options.tagsOf, ...lifetime });
    }
    descriptor.value = Object.defineProperty(cached, 'name', { value: String(name) }) as unknown as M;
  };
}

/** Scalars joined by colons, objects as JSON with sorted keys; then the method's name, if it is part of the id. */
export function argumentsId(args: readonly unknown[], method: string): string {
  const parts = args.map((arg) => (typeof arg === 'object' && arg !== null ? JSON.stringify(arg, sortKeys) : String(arg)));
  return [...parts, method].filter((part, index) => index < args.length || part !== '').join(':');
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}
