import type { Parameters } from './search-conditions.js';

/** What stands between two blanks. */
export interface Chunk {
  readonly typed: string;
  /** One or, as in "Blu-ray", several; lower-case and without accents, as the vocabulary has them. */
  readonly words: readonly string[];
}

/** A query as typed, parted so that the last word may be unfinished. */
export interface SearchText {
  readonly whole: string;
  /** What comes before the last word. */
  readonly head: string;
  /** The last word; empty when the text does not end with one. */
  readonly tail: string;
  readonly chunks: readonly Chunk[];
}

/** Chunks after these are not looked at when words are corrected. */
const mostChunks = 12;

const wordsOf = (typed: string): string[] => {
  const plain = typed.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase();
  return plain.match(/[\p{L}\p{N}]+/gu) ?? [];
};

export function parseSearchText(whole: string): SearchText {
  const tail = /[\p{L}\p{N}]+$/u.exec(whole)?.[0] ?? '';
  const chunks = whole.split(/\s+/).map((typed) => ({ typed, words: wordsOf(typed) }));
  return {
    whole,
    head: whole.slice(0, whole.length - tail.length),
    tail,
    chunks: chunks.filter(({ words }) => words.length > 0).slice(0, mostChunks),
  };
}

/** Every word in any of its forms; the last one also as the beginning of a word. */
export function exactQuery({ head, tail, whole }: SearchText, parameters: Parameters): string {
  if (tail === '') return asTyped(whole, parameters);
  const stem = asTyped(tail, parameters);
  // The tail is letters and digits only, so quoting it makes it one lexeme.
  const prefix = `to_tsquery('techmart_simple', ${parameters.add(`'${tail}':*`)})`;
  const last = `(${stem} || ${prefix})`;
  if (head.trim() === '') return last;
  const parted = `(${asTyped(head, parameters)} && ${last})`;
  // "5.1" and "AC-12" are one word to the parser, which tearing the last part off would hide.
  return /\s$/.test(head) ? parted : `(${parted} || ${asTyped(whole, parameters)})`;
}

/** What one chunk may stand for. */
export interface WideChunk {
  /** For each of its words, those that it may stand for; undefined: the words are unknown. */
  readonly alternatives: readonly (readonly string[])[] | undefined;
  /** What the parser may take for one word. */
  readonly typed: string | undefined;
}

/** Every chunk must occur, as one of the things that it may stand for. */
export function wideQuery(chunks: readonly WideChunk[], parameters: Parameters): string {
  const parts = chunks.map(({ alternatives, typed }) => {
    const words = alternatives?.map((list) => anyOf(list, parameters)).join(' && ');
    const whole = typed === undefined ? undefined : asTyped(typed, parameters);
    return `(${[words, whole].filter(Boolean).join(') || (')})`;
  });
  return `(${parts.map((part) => `(${part})`).join(' && ')})`;
}

const asTyped = (text: string, parameters: Parameters): string => `plainto_tsquery('techmart', ${parameters.add(text)})`;

/** The words hold nothing but letters and digits. */
function anyOf(words: readonly string[], parameters: Parameters): string {
  const placeholder = parameters.add(words.map((word) => `'${word}'`).join(' | '));
  return `(to_tsquery('techmart', ${placeholder}) || to_tsquery('techmart_simple', ${placeholder}))`;
}
