import type { Verb } from './generations.js';

/** What travels on the backplane. Each carries the incarnation and the newest sequence number of the namespace. */
export interface Message {
  readonly kind: 'invalidation' | 'heartbeat' | 'farewell';
  readonly incarnation: string;
  readonly sequence: number;
  readonly origin: string;
  /** Of a heartbeat: which one of its sender's it is; 0 of anything else. */
  readonly beat: number;
  /** Of an invalidation only. */
  readonly verb: Verb;
  readonly keys: readonly string[];
  readonly names: readonly string[];
}

const kinds = { i: 'invalidation', h: 'heartbeat', b: 'farewell' } as const;

const isKind = (letter: string | undefined): letter is keyof typeof kinds => letter !== undefined && letter in kinds;

/** Undefined for what is none of ours: anybody may publish on a channel. */
export function parseMessage(text: string): Message | undefined {
  const [, letter, incarnation, digits, rest] = /^(\w) (\S+) (\d+) (.+)$/s.exec(text) ?? [];
  if (!isKind(letter) || incarnation === undefined || rest === undefined) return undefined;
  const common = { kind: kinds[letter], incarnation, sequence: Number(digits) };
  if (letter !== 'i') {
    const [origin = '', beat = 0] = rest.split(' ');
    return { ...common, origin, beat: Number(beat), verb: 'remove', keys: [], names: [] };
  }
  try {
    const { o: origin, v: verb, k: keys, n: names } = JSON.parse(rest) as { o: string; v: Verb; k: string[]; n: string[] };
    return Array.isArray(keys) && Array.isArray(names) ? { ...common, origin, beat: 0, verb, keys, names } : undefined;
  } catch {
    // Not JSON, so not ours.
    return undefined;
  }
}
