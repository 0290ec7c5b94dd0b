import { createHash } from 'node:crypto';

/** A strong validator: it names these bytes. */
export const entityTagOf = (body: Buffer): string => `"${createHash('sha1').update(body).digest('base64url')}"`;

/** The tag of another form of the same answer: not these bytes, so weak (RFC 9110 section 8.8.1). */
export const weakTagOf = (tag: string): string => (tag.startsWith('W/') ? tag : `W/${tag}`);

/** RFC 9110 section 13.1.2: weak comparison with each of the list; `*` matches any. */
export function matchesTag(ifNoneMatch: string, tag: string): boolean {
  if (ifNoneMatch === tag || ifNoneMatch === '*') return true;
  const opaque = tag.startsWith('W/') ? tag.slice(2) : tag;
  return ifNoneMatch.split(',').some((candidate) => candidate.trim().replace(/^W\//, '') === opaque);
}
