import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Department, departments } from './departments.js';
import { nounsOf } from './nouns.js';

export interface CategoryRow {
  readonly id: number;
  readonly parentId: number | null;
  readonly name: string;
  readonly slug: string;
  /** Ids from the root to the category itself. */
  readonly path: readonly number[];
}

/** What products of one leaf category are made of. */
export interface Kind {
  readonly categoryId: number;
  readonly nouns: readonly string[];
  readonly department: Department;
}

export interface CatalogueData {
  readonly categories: readonly CategoryRow[];
  /** One for each leaf; the branches that are named by genre, team or title come last. */
  readonly kinds: readonly Kind[];
  readonly brands: readonly string[];
}

export const slugify = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');

/** The name's own slug for the first that bears it; the others add their parent's, and at last their id. */
function freeSlug(name: string, parent: CategoryRow | undefined, id: number, taken: Set<string>): string {
  const wanted = [slugify(name), slugify(`${parent?.slug ?? ''} ${name}`), slugify(`${name} ${id}`)];
  const slug = wanted.find((candidate) => candidate.length <= 100 && !taken.has(candidate)) ?? String(id);
  taken.add(slug);
  return slug;
}

/** Rows of `id, parent_id, name`, parents first, under a header line. Ids become 1, 2, 3 … in the order of the file. */
export function parseCategories(tsv: string): CategoryRow[] {
  const byKey = new Map<string, CategoryRow>();
  const slugs = new Set<string>();
  for (const line of tsv.trimEnd().split('\n').slice(1)) {
    const [key = '', parentKey = '', rawName = ''] = line.split('\t');
    const parent = byKey.get(parentKey);
    const id = byKey.size + 1;
    const name = rawName.replaceAll(/\s+/g, ' ').trim();
    const slug = freeSlug(name, parent, id, slugs);
    byKey.set(key, { id, parentId: parent?.id ?? null, name, slug, path: [...(parent?.path ?? []), id] });
  }
  return [...byKey.values()];
}

/** The first kinds get the most products: no part of the tree should be among them for its place in the file. */
const mixedPlace = (leaf: CategoryRow, size: number): number => (leaf.id * 7919) % size;

export function kindsOf(categories: readonly CategoryRow[]): Kind[] {
  const names = new Map(categories.map((category) => [category.id, category.name]));
  const parents = new Set(categories.map((category) => category.parentId));
  const leaves = categories.filter((category) => !parents.has(category.id));
  const mixed = leaves.toSorted((a, b) => mixedPlace(a, categories.length) - mixedPlace(b, categories.length));
  const kinds = mixed.map((leaf) => kindOf(leaf, names));
  return [...kinds.filter((kind) => !kind.department.thing), ...kinds.filter((kind) => kind.department.thing)];
}

function kindOf(leaf: CategoryRow, names: ReadonlyMap<number, string>): Kind {
  const nearest = leaf.path.findLast((id) => Object.hasOwn(departments, names.get(id) ?? ''));
  const department = nearest && departments[names.get(nearest) ?? ''];
  if (!department) throw new Error(`category "${leaf.name}" belongs to no department`);
  const thing = /Collections?$/.test(leaf.name) ? '' : department.thing;
  return { categoryId: leaf.id, nouns: department.thing ? [`${leaf.name} ${thing}`.trim()] : nounsOf(leaf.name), department };
}

/** The files lie in the same place in the source tree and in the build. */
export async function readCatalogueData(): Promise<CatalogueData> {
  const directory = join(import.meta.dirname, '../data');
  const [tsv, brands] = await Promise.all(['categories.tsv', 'brands.txt'].map((file) => readFile(join(directory, file), 'utf8')));
  const categories = parseCategories(tsv ?? '');
  return { categories, kinds: kindsOf(categories), brands: (brands ?? '').trimEnd().split('\n') };
}
