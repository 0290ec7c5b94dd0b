import { distance } from 'fastest-levenshtein';

/** A word of the catalogue, and in how many product names it is. */
export interface Term {
  readonly word: string;
  readonly document_count: number;
}

/** How many edits a word may be away: none for the shortest, since nearly everything is one edit away from them. */
export const allowedEdits = (word: string): number => (word.length < 4 ? 0 : word.length < 8 ? 1 : 2);

/**
 * Optimal string alignment distance: insertions, deletions and substitutions, and one swap of neighbours counts as one edit, as typists
 * make it. The swap is looked for only where plain edit distance gives two.
 */
export function editDistance(a: string, b: string): number {
  const plain = distance(a, b);
  return plain === 2 && a.length === b.length && isSwap(a, b) ? 1 : plain;
}

function isSwap(a: string, b: string): boolean {
  const at = Array.from(a).findIndex((letter, index) => letter !== b[index]);
  return a[at] === b[at + 1] && a[at + 1] === b[at] && a.slice(at + 2) === b.slice(at + 2);
}

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

/** The words that hold `part`, the shorter and more frequent first. */
export function containing(part: string, candidates: readonly Term[]): string[] {
  return candidates
    .filter((term) => term.word.includes(part))
    .toSorted((a, b) => b.document_count - a.document_count || a.word.length - b.word.length)
    .slice(0, mostAlternatives)
    .map((term) => term.word);
}
