import { readCatalogueData } from '../src/seed/catalogue/catalogue-data.js';
import type { TestApp } from './app.harness.js';

export const edits = ['insertion', 'deletion', 'substitution', 'swap'] as const;

export interface Misspelling {
  readonly query: string;
  /** What was meant: the noun that products of the kind are named by. */
  readonly noun: string;
  readonly edit: (typeof edits)[number];
}

/** Whole numbers below a limit, the same ones for the same seed. */
function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function misspell(word: string, edit: Misspelling['edit'], below: (limit: number) => number): string {
  const letter = String.fromCharCode(97 + below(26));
  const at = below(word.length);
  if (edit === 'insertion') return word.slice(0, at) + letter + word.slice(at);
  if (edit === 'deletion') return word.slice(0, at) + word.slice(at + 1);
  if (edit === 'substitution') return word.slice(0, at) + letter + word.slice(at + 1);
  const left = below(word.length - 1);
  return word.slice(0, left) + word.charAt(left + 1) + word.charAt(left) + word.slice(left + 2);
}

/**
 * Nouns of the seeded catalogue with one edit at a random place of one of their words, the kinds of edits in turn. What comes out as a
 * word of the catalogue is none: nobody could tell what was meant.
 */
export function misspellings(nouns: readonly string[], vocabulary: ReadonlySet<string>, count: number): Misspelling[] {
  const below = chance(2026);
  const made: Misspelling[] = [];
  while (made.length < count) {
    const noun = nouns[below(nouns.length)]!;
    const words = noun.match(/\p{L}{3,}/gu) ?? [];
    if (words.length === 0) continue;
    const word = words[below(words.length)]!;
    const edit = edits[made.length % edits.length]!;
    const wrong = misspell(word.toLowerCase(), edit, below);
    if (wrong !== word.toLowerCase() && !vocabulary.has(wrong)) made.push({ query: noun.replace(word, wrong), noun, edit });
  }
  return made;
}

/** Puts three products of every noun of the seed's catalogue into the shop, as the seed names them; the nouns, in order. */
export async function addEveryKind(app: TestApp): Promise<string[]> {
  const { kinds } = await readCatalogueData();
  const named = kinds.flatMap(({ nouns, categoryId, department }) =>
    nouns.map((noun, index) => ({ noun, categoryId, brand: department.brands[index % department.brands.length] })),
  );
  await app.query(
    `INSERT INTO products (name, slug, sku, price, category_id, brand, description)
     SELECT brand || ' Compact ' || noun || ' A' || place, 'kind-' || place || '-' || copy, 'KIND-' || place || '-' || copy, 10 + copy,
            category_id, brand, 'The ' || noun || ' comes in black'
       FROM unnest($1::text[], $2::bigint[], $3::text[]) WITH ORDINALITY AS kind (noun, category_id, brand, place), generate_series(1, 3) AS copy`,
    [named.map(({ noun }) => noun), named.map(({ categoryId }) => categoryId), named.map(({ brand }) => brand)],
  );
  await app.query('SELECT refresh_search_terms()');
  await app.query('ANALYZE');
  return [...new Set(named.map(({ noun }) => noun))].toSorted();
}
