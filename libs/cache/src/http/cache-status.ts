import type { Answer } from '../loading/answer.js';

const seconds = (ms: number): number => Math.floor(ms / 1000);

/** A hit of L1, without an object in between: this is on the hottest path. */
export function hitStatus(name: string, ageMs: number, freshForMs: number): string {
  const kind = freshForMs > 0 ? 'L1' : 'L1 stale';
  return `${name}; hit; ttl=${seconds(freshForMs)}; detail="${kind} age=${seconds(ageMs)}"`;
}

/** `Cache-Status` (RFC 9211): the decision, the layer, age and remaining time in seconds; a negative `ttl` is that of a stale answer. */
export function cacheStatus(name: string, { layer, result, ageMs, freshForMs, isStored, isBecauseOfError, loadMs }: Answer): string {
  switch (result) {
    case 'miss':
    case 'bypass': {
      const forward = result === 'miss' ? `fwd=uri-miss${isStored ? '; stored' : ''}; ttl=${seconds(freshForMs)}` : 'fwd=bypass';
      return `${name}; ${forward}; detail="loaded in ${Math.round(loadMs)} ms"`;
    }
    case 'wait':
      return `${name}; fwd=uri-miss; collapsed; detail="loaded by another request"`;
    default: {
      const why = isBecauseOfError ? ' stale-if-error' : freshForMs > 0 ? '' : ' stale';
      return `${name}; hit; ttl=${seconds(freshForMs)}; detail="${layer}${why} age=${seconds(ageMs)}"`;
    }
  }
}

/** An answer that the cache had nothing to do with, and why. */
export const bypassStatus = (name: string, reason: string): string => `${name}; fwd=bypass; detail="${reason}"`;
