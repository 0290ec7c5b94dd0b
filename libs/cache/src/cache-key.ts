import { createHash } from 'node:crypto';

/** Part of a type's name for a value; numbers are ids, strings may hold anything. */
export type CacheId = string | number;

const longestId = 256;
/** Levels of a key that a pattern can name: `a:*`, `a:b:*`, `a:b:c:*`. Each costs a generation per read of Redis. */
const deepestPattern = 3;

/** `prefix:id`. An id of more than 256 characters is replaced by its SHA-256, so that keys stay short whatever a client sends. */
export function cacheKey(prefix: string, id: CacheId): string {
  if (typeof id === 'number') return `${prefix}:${id}`;
  if (id === '') return prefix;
  return id.length <= longestId ? `${prefix}:${id}` : `${prefix}:#${createHash('sha256').update(id).digest('base64url')}`;
}

const plain = /^[\w:.~@/=#-]{1,200}$/;

/** A name without spaces, commas and line ends, of bounded length: safe inside a Redis key and an entry's header. */
export function escapeName(name: string): string {
  if (plain.test(name)) return name;
  const escaped = encodeURIComponent(name.toWellFormed());
  return escaped.length <= 200 ? escaped : `#${createHash('sha256').update(escaped).digest('base64url')}`;
}

export const tagName = (tag: string): string => `t:${escapeName(tag)}`;
const subtreeName = (path: string): string => `p:${escapeName(path)}`;

/** The generations that an entry depends on: one for each subtree that it lies in, one for each tag. */
export function generationNames(key: string, tags: readonly string[]): string[] {
  const names: string[] = [];
  let end = key.indexOf(':');
  for (let depth = 0; end !== -1 && depth < deepestPattern; depth += 1) {
    names.push(subtreeName(key.slice(0, end)));
    end = key.indexOf(':', end + 1);
  }
  for (const tag of tags) names.push(tagName(tag));
  return names;
}

/** What a pattern stands for: one key, or a subtree with the key at its root. */
export interface PatternTarget {
  readonly key: string;
  readonly subtree?: string;
}

/**
 * `user:42:*` is the subtree below `user:42` and that key itself; without a `*` it is a key. Anything else is a glob that only
 * a scan can follow: throws a `RangeError` that says so.
 */
export function parsePattern(pattern: string): PatternTarget {
  const path = pattern.endsWith(':*') ? pattern.slice(0, -2) : undefined;
  const key = path ?? pattern;
  if (key === '' || /[*?[\]]/.test(key)) throw new RangeError(`${pattern} is neither a key nor a prefix such as user:42:*`);
  if (path === undefined) return { key };
  if (path.split(':').length > deepestPattern) throw new RangeError(`${pattern} is deeper than ${deepestPattern} levels`);
  return { key, subtree: subtreeName(path) };
}

/** A Redis glob (`*`, `?`, `[a-c]`, `\`) as a test of keys, for a store that Redis does not hold. */
export function globMatcher(glob: string): (key: string) => boolean {
  const source = glob.replaceAll(/\\.|\[\^?(?:\\.|[^\]\\])*\]|[\s\S]/g, (token) => {
    if (token === '*') return '[\\s\\S]*';
    if (token === '?') return '[\\s\\S]';
    if (token.length > 1 && token.startsWith('[')) return `[${token.slice(1, -1).replaceAll('[', '\\[')}]`;
    return token.replace(/^\\(?=.)/, '').replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&');
  });
  const expression = new RegExp(`^${source}$`);
  return (key) => expression.test(key);
}
