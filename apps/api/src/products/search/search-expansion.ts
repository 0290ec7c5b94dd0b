import type { WriteWords } from './search-statement.js';
import { wideQuery, type Chunk, type WideChunk } from './search-text.js';
import { alternativesOf, type Term } from './spelling.js';

export interface Expansion {
  readonly words: WriteWords;
  /** Undefined: the words as typed, and others that hold them. */
  readonly corrected: string | undefined;
}

/** Words of the catalogue near each given one, or holding it. Words that say nothing ("the") are not among the keys. */
export type Candidates = ReadonlyMap<string, readonly Term[]>;

/** What else a query may mean; undefined when that is nothing new, or when a word of it is like none of the catalogue's. */
export function expansionOf(chunks: readonly Chunk[], candidates: Candidates): Expansion | undefined {
  const wide = chunks.map((chunk) => widen(chunk, candidates)).filter(({ typed, words }) => typed !== undefined || words.length > 0);
  if (wide.some(({ typed, alternatives }) => typed === undefined && alternatives === undefined)) return undefined;
  const isNew = wide.some(({ words, alternatives }) => alternatives?.some((list, index) => list.length > 1 || list[0] !== words[index]));
  return isNew ? { words: (parameters) => wideQuery(wide, parameters), corrected: correct(chunks, candidates) } : undefined;
}

function widen({ typed, words }: Chunk, candidates: Candidates): WideChunk & { words: readonly string[] } {
  const telling = words.filter((word) => candidates.has(word));
  const lists = telling.map((word) => alternativesOf(word, candidates.get(word) ?? []));
  const isKnown = lists.length > 0 && lists.every((list) => list.length > 0);
  return { words: telling, alternatives: isKnown ? lists : undefined, typed: words.length > 1 ? typed : undefined };
}

/** The query with the likeliest of each word's alternatives; undefined when those are the words as typed. */
function correct(chunks: readonly Chunk[], candidates: Candidates): string | undefined {
  const typed = chunks.flatMap(({ words }) => words);
  const corrected = typed.map((word) => alternativesOf(word, candidates.get(word) ?? [])[0] ?? word);
  return corrected.every((word, index) => word === typed[index]) ? undefined : corrected.join(' ');
}
