import type { CacheType } from '../cache-types.js';
import type { Codec, Decoded } from './codec.js';

/** Where a value lives and what it depends on. */
export interface Address {
  readonly type: CacheType;
  readonly key: string;
  /** Generations that end the entry: its subtrees and tags. */
  readonly names: readonly string[];
  /** Further ones, which only the value tells. */
  readonly namesOf?: ((value: unknown) => readonly string[]) | undefined;
  readonly codec: Codec;
}

/** A value on its way into the stores. */
export interface Draft extends Decoded {
  /** The encoded value; empty for "there is none". */
  readonly payload: Buffer;
  /** Generations that end it: those of its address, and those that it tells. */
  readonly names: readonly string[];
  readonly ttlMs: number;
  readonly graceMs: number;
}

/** A value with its age. It is undefined when the entry says that there is none. */
export interface Aged extends Decoded {
  readonly ageMs: number;
  /** Milliseconds for which it stays fresh; 0 or less when it is stale. */
  readonly freshForMs: number;
  /** Milliseconds for which it may be served. */
  readonly usableForMs: number;
  /** How long it was fresh when it was stored. */
  readonly ttlMs: number;
}

/** What a store gave. */
export interface Found extends Aged {
  readonly layer: 'L1' | 'L2';
  /** Generations that end it, of an entry of L2; the reader may not have known them all. */
  readonly names: readonly string[];
}

const nothing = Buffer.alloc(0);

export const newborn = ({ value, bytes, ttlMs, graceMs }: Draft): Aged => ({
  value,
  bytes,
  ttlMs,
  ageMs: 0,
  freshForMs: ttlMs,
  usableForMs: ttlMs + graceMs,
});

/**
 * What the value becomes when it comes back out of a store: the caller that loads is given the same as those who hit. Throws when the
 * value cannot be kept. `undefined` is kept as "there is none", if the type keeps that at all.
 */
export function draftOf({ type, codec, names: own, namesOf }: Address, value: unknown, ttlMs: number): Draft | undefined {
  if (value === undefined) {
    return type.negativeTtlMs > 0 ? { payload: nothing, names: own, value, bytes: 0, ttlMs: type.negativeTtlMs, graceMs: 0 } : undefined;
  }
  const payload = codec.encode(value);
  const names = namesOf ? [...new Set([...own, ...namesOf(value)])] : own;
  return { payload, names, ...codec.decode(payload), ttlMs, graceMs: type.graceMs };
}

/** The part of an entry's first line that its author knows; the store puts format, incarnation and sequence before it. */
export const describeDraft = ({ graceMs, ttlMs, names }: Draft): string => `${Math.round(graceMs)} ${Math.round(ttlMs)} ${names.join(',')}`;

const lineEnd = 10;

export interface Header {
  readonly format: string;
  readonly incarnation: string;
  readonly sequence: number;
  readonly graceMs: number;
  readonly ttlMs: number;
  readonly names: readonly string[];
}

/** The first line of an entry in Redis; undefined when there is none. */
export function parseHeader(raw: Buffer): Header | undefined {
  const end = raw.indexOf(lineEnd);
  const parts = raw.toString('latin1', 0, Math.max(end, 0)).split(' ');
  const [format = '', incarnation = '', sequence, graceMs, ttlMs, names = ''] = parts;
  if (end === -1 || parts.length !== 6) return undefined;
  return {
    format,
    incarnation,
    sequence: Number(sequence),
    graceMs: Number(graceMs),
    ttlMs: Number(ttlMs),
    names: names === '' ? [] : names.split(','),
  };
}

/** Throws when the payload is not what the codec made. */
export function decodeEntry(raw: Buffer, codec: Codec): Decoded {
  const payload = raw.subarray(raw.indexOf(lineEnd) + 1);
  return payload.length === 0 ? { value: undefined, bytes: 0 } : codec.decode(payload);
}
