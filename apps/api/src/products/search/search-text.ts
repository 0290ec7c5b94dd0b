import type { Parameters } from './search-conditions.js';

/** A query as typed, parted so that the last word may be unfinished. */
export interface SearchText {
  readonly whole: string;
  /** What comes before the last word. */
  readonly head: string;
  /** The last word; empty when the text does not end with one. */
  readonly tail: string;
  /** All words, lower-case and without accents, as the vocabulary has them. */
  readonly words: readonly string[];
}

const mostWords = 12;

export function parseSearchText(whole: string): SearchText {
  const tail = /[\p{L}\p{N}]+$/u.exec(whole)?.[0] ?? '';
  const plain = whole.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase();
  const words = plain.match(/[\p{L}\p{N}]+/gu) ?? [];
  return { whole, head: whole.slice(0, whole.length - tail.length), tail, words: words.slice(0, mostWords) };
}

/** Every word in any of its forms; the last one also as the beginning of a word. */
export function exactQuery({ head, tail, whole }: SearchText, parameters: Parameters): string {
  if (tail === '') return `plainto_tsquery('techmart', ${parameters.add(whole)})`;
  const stem = `plainto_tsquery('techmart', ${parameters.add(tail)})`;
  // The tail is letters and digits only, so quoting it makes it one lexeme.
  const prefix = `to_tsquery('techmart_simple', ${parameters.add(`'${tail}':*`)})`;
  const last = `(${stem} || ${prefix})`;
  return head.trim() === '' ? last : `(plainto_tsquery('techmart', ${parameters.add(head)}) && ${last})`;
}

/** For each word, the words that it may stand for; every word must occur as one of them. */
export function expandedQuery(alternatives: readonly (readonly string[])[], parameters: Parameters): string {
  const any = (words: readonly string[]): string => words.map((word) => `'${word}'`).join(' | ');
  const parts = alternatives.map((words) => {
    const placeholder = parameters.add(any(words));
    return `(to_tsquery('techmart', ${placeholder}) || to_tsquery('techmart_simple', ${placeholder}))`;
  });
  return `(${parts.join(' && ')})`;
}
