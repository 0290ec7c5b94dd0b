import { Problem } from '@app/common';

/**
 * The version in an `If-Match` header: `"7"`; undefined without the header or with `*`, which any version matches. A tag that is no
 * version of ours matches none (RFC 9110 section 13.1.1), so it is a 412 like a stale one.
 */
export function parseIfMatch(header: string | undefined): number | undefined {
  if (header === undefined || header.trim() === '*') return undefined;
  const version = /^\s*"(\d{1,9})"\s*$/.exec(header)?.[1];
  if (version === undefined) {
    throw new Problem(412, 'version-stale', 'Somebody changed it meanwhile', 'If-Match takes the version that was read, such as "7"');
  }
  return Number(version);
}
