import { createHash } from 'node:crypto';
import type { CacheType } from '../cache-types.js';
import { generationNames, tagName } from '../cache-key.js';
import type { Address } from '../entry/entry.js';
import type { CacheableRequest, ResponseCacheOptions } from './response-cache.decorator.js';
import { namesOfStored, responseCodec } from './stored-response.js';

/** What `@Header` sets. */
interface RouteHeader {
  readonly name: string;
  readonly value: string | (() => string);
}

interface Route {
  readonly type: CacheType;
  /** Its pattern, such as `/products/:id`. */
  readonly path: string;
  readonly options: ResponseCacheOptions;
  readonly headers: readonly RouteHeader[];
}

type Values = Readonly<Record<string, unknown>>;

const longestTail = 300;
const longestHeader = 100;
const special = /[^\w.~-]/;

/** Part of a key: nothing in it can be taken for what separates the parts. */
const escape = (text: string): string => (special.test(text) ? encodeURIComponent(text.toWellFormed()) : text);

/** What is known of a cached route before any request: how its key and tags are made. */
export class ResponsePlan {
  readonly type: CacheType;
  readonly routeHeaders: readonly RouteHeader[];
  /** Whether one of them is worked out for each answer. */
  readonly hasLiveHeaders: boolean;
  /** Request headers that the answer depends on, and all that its `Vary` has to say. */
  readonly vary: readonly string[];
  readonly varyHeader: string;
  readonly ttlMs: number;
  readonly keptHeaders: readonly string[];
  /** What else ends an answer, by the handler's value. */
  readonly namesOf: ((value: unknown, request: CacheableRequest) => readonly string[]) | undefined;
  private readonly head: Template;
  private readonly tags: readonly Template[];
  private readonly query: readonly (readonly [name: string, fallback: string | undefined])[];
  private readonly tail: string;

  constructor({ type, path, options, headers }: Route) {
    this.type = type;
    this.routeHeaders = headers;
    this.hasLiveHeaders = headers.some(({ value }) => typeof value === 'function');
    const { tagsOf } = options;
    this.namesOf = tagsOf && ((value, request) => tagsOf(value as never, request).map(tagName));
    this.ttlMs = options.ttl === undefined ? type.ttlMs : options.ttl * 1000;
    this.vary = (options.vary ?? []).map((name) => name.toLowerCase()).sort();
    this.varyHeader = ['accept-encoding', ...this.vary].join(', ');
    this.keptHeaders = ['content-type', 'content-language', 'content-disposition', 'last-modified', 'link', ...(options.headers ?? [])].map(
      (name) => name.toLowerCase(),
    );
    const places = [...path.matchAll(/:(\w+)|(\*)/g)].map(([, name, rest]) => `{${name ?? rest}}`);
    this.head = new Template([type.prefix, ...(options.key === undefined ? places : [options.key])].join(':'), escape);
    this.tags = (options.tags ?? []).map((tag) => new Template(tag, (value) => value));
    this.query = declared(options.query).sort(([one], [other]) => (one < other ? -1 : 1));
    this.tail = `:~${path.replaceAll(/:(\w+)/g, '{$1}')}`;
  }

  /** `prefix:parameters:~route?query#headers`; undefined when a header is too long to be part of it. */
  keyOf({ params, query, headers }: CacheableRequest): string | undefined {
    const given = query as Values;
    let tail = this.tail;
    let separator = '?';
    for (const [name, fallback] of this.query) {
      const value = given[name];
      if (value === undefined) continue;
      const text = canonical(value as string | string[], fallback);
      if (text === '' || text === fallback) continue;
      tail += `${separator}${name}=${escape(text)}`;
      separator = '&';
    }
    for (const name of this.vary) {
      const value = headers[name];
      if (value !== undefined && value.length > longestHeader) return undefined;
      tail += `#${value === undefined ? '' : escape(String(value).trim().toLowerCase())}`;
    }
    if (tail.length > longestTail) tail = `:~#${createHash('sha256').update(tail).digest('base64url')}`;
    return this.head.fill(params as Values, given) + tail;
  }

  addressOf(key: string, { params, query }: CacheableRequest): Address {
    const tags = this.tags.map((tag) => tag.fill(params as Values, query as Values));
    return { type: this.type, key, names: generationNames(key, tags), namesOf: this.namesOf && namesOfStored, codec: responseCodec };
  }
}

function declared(query: ResponseCacheOptions['query'] = []): (readonly [string, string | undefined])[] {
  if (Array.isArray(query)) return (query as readonly string[]).map((name) => [name, undefined] as const);
  return Object.entries(query).map(([name, fallback]) => [name, fallback === undefined ? undefined : String(fallback)] as const);
}

/** Repeated values in their order; numbers without leading zeros where the default is a number. */
function canonical(value: string | string[], fallback: string | undefined): string {
  const text = Array.isArray(value) ? value.join(',') : value.trim();
  return fallback !== undefined && /^\d+$/.test(fallback) && /^0+\d/.test(text) ? text.replace(/^0+(?=\d)/, '') : text;
}

/** Text with `{name}`s in it. */
class Template {
  private readonly texts: string[];
  private readonly names: string[];

  constructor(
    text: string,
    private readonly write: (value: string) => string,
  ) {
    const parts = text.split(/\{(\w+|\*)\}/);
    this.texts = parts.filter((_, index) => index % 2 === 0);
    this.names = parts.filter((_, index) => index % 2 === 1);
  }

  fill(params: Values, query: Values): string {
    let filled = this.texts[0] ?? '';
    for (let index = 0; index < this.names.length; index += 1) {
      const name = this.names[index] ?? '';
      const value = (params[name] ?? query[name] ?? '') as string | string[];
      filled += this.write(String(value)) + (this.texts[index + 1] ?? '');
    }
    return filled;
  }
}
