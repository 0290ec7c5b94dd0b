import { SetMetadata, type CustomDecorator } from '@nestjs/common';

/** What is looked at of a request. */
export interface CacheableRequest {
  readonly params: unknown;
  readonly query: unknown;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface ResponseCacheOptions {
  /** Seconds for which an answer is fresh; those of the type unless told otherwise. One of `ttl` and `type` must be given. */
  readonly ttl?: number;
  /** A type of the table: its statistics, grace and consistency. Default: one of its own for answers, with the prefix `http`. */
  readonly type?: string;
  /** What ends the answer. `{id}` stands for a parameter of the path or a declared one of the query. */
  readonly tags?: readonly string[];
  /** Further ones that only the handler's value tells, with what was asked for. */
  readonly tagsOf?: (value: never, request: CacheableRequest) => readonly string[];
  /** Request headers that the answer depends on; part of the key, and of `Vary`. */
  readonly vary?: readonly string[];
  /**
   * Query parameters that the answer depends on, or these with their defaults, which are left out of the key. All others are ignored.
   * Default: none.
   */
  readonly query?: readonly string[] | Readonly<Record<string, string | number | boolean | undefined>>;
  /** First part of the key after the type's prefix, for patterns; `user:{id}` for instance. Default: the parameters of the path. */
  readonly key?: string;
  /** Answer headers that the handler sets by itself and that belong to the answer, beside those that always do. Never `set-cookie`. */
  readonly headers?: readonly string[];
}

export const RESPONSE_CACHE = Symbol('response cache');

/**
 * Keeps the whole answer of a public GET handler: one whose answer does not depend on who asks. Guards run before it, on every request;
 * pipes and the handler only on a miss. An answer with another status than 200, with `Set-Cookie` or with
 * `Cache-Control: no-store` or `private` is not kept; nor is a stream.
 */
export const ResponseCache = (options: ResponseCacheOptions): CustomDecorator<typeof RESPONSE_CACHE> => {
  if (options.ttl === undefined && options.type === undefined) throw new RangeError('@ResponseCache needs a ttl or a type');
  if (options.headers?.some((name) => name.toLowerCase() === 'set-cookie') === true) throw new RangeError('a cookie is never kept');
  return SetMetadata(RESPONSE_CACHE, options);
};
