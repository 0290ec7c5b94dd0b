import { distance } from 'fastest-levenshtein';

/** A word of the catalogue, and in how many product names it is. */
export interface Term {
  readonly word: string;
  readonly document_count: number;
}

/** How many edits a word may be away. Of one letter nothing can be told. */
export const allowedEdits = (word: string): number => (word.length < 2 ? 0 : word.length < 8 ? 1 : 2);

/**
 * Insertions, deletions and substitutions; a swap of neighbours that is the only mistake counts as one edit, as typists make it, though
 * it is two substitutions.
 */
export function editDistance(a: string, b: string): number {
  const plain = distance(a, b);
  return plain === 2 && a.length === b.length && isSwap(a, b) ? 1 : plain;
}

function isSwap(a: string, b: string): boolean {
  const at = Array.from(a).findIndex((letter, index) => letter !== b[index]);
  return a[at] === b[at + 1] && a[at + 1] === b[at] && a.slice(at + 2) === b.slice(at + 2);
}

/** Of each sort: nearest words, and words that hold the given one. */
const mostAlternatives = 8;

/** The closest words to a misspelt one: fewest edits first, then the more frequent. Only the best distance is kept. */
export function corrections(word: string, candidates: readonly Term[]): string[] {
  const near = candidates
    .map((term) => ({ ...term, edits: editDistance(word, term.word) }))
    .filter(({ edits }) => edits <= allowedEdits(word))
    .toSorted((a, b) => a.edits - b.edits || b.document_count - a.document_count || (a.word < b.word ? -1 : 1));
  return near
    .filter(({ edits }) => edits === near[0]?.edits)
    .slice(0, mostAlternatives)
    .map((term) => term.word);
}

/** The words that hold `part`, the more frequent and shorter first. Two letters are a part of too many. */
export function containing(part: string, candidates: readonly Term[]): string[] {
  if (part.length < 3) return [];
  return candidates
    .filter((term) => term.word.includes(part))
    .toSorted((a, b) => b.document_count - a.document_count || a.word.length - b.word.length)
    .slice(0, mostAlternatives)
    .map((term) => term.word);
}

/** What a word may stand for, the likeliest first: itself, if it is the catalogue's, else the nearest ones; and words that hold it. */
export function alternativesOf(word: string, candidates: readonly Term[]): string[] {
  // Numbers are never misspelt into something near.
  const isKnown = /\d/.test(word) || candidates.some((term) => term.word === word);
  const near = isKnown ? [] : corrections(word, candidates);
  // The vocabulary begins at three letters: a shorter word may be the catalogue's too.
  const own = isKnown || word.length < 3 ? [word] : [];
  return [...new Set([...own, ...near, ...containing(word, candidates)])];
}
