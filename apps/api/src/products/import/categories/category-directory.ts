import type { CategoryWish } from '../formats/product-draft.js';

export interface CategoryRow {
  readonly id: number;
  readonly name: string;
  readonly slug: string;
  /** Names from the root: `Audio > Headphones`. */
  readonly path: string;
}

export type Placement = { readonly id: number } | { readonly toMake: { readonly name: string } } | { readonly fault: string };

const folded = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/\s*>\s*/g, ' > ')
    .replaceAll(/\s+/g, ' ')
    .trim();

/** Where types go that are the name of no category. */
export const IMPORTED = 'Imported';

/** Finds categories by what files call them: path of names, slug, path in any case, a name that only one has, or id. */
export class CategoryDirectory {
  private readonly ids = new Set<number>();
  private readonly exact = new Map<string, number>();
  private readonly paths = new Map<string, number[]>();
  private readonly names = new Map<string, number[]>();
  private readonly slugs = new Map<string, number>();

  /** Rows nearest to the root first: of several of one name, a type goes to the first. */
  constructor(rows: readonly CategoryRow[]) {
    for (const row of rows) this.add(row);
  }

  add({ id, name, slug, path }: CategoryRow): void {
    this.ids.add(id);
    this.exact.set(path, id);
    this.slugs.set(slug, id);
    append(this.paths, folded(path), id);
    append(this.names, folded(name), id);
  }

  find({ id, text, type }: CategoryWish): Placement {
    if (type) return this.findType(type.name, type.path);
    if (id !== undefined && !this.ids.has(id)) return { fault: `there is no category ${id}` };
    if (text === undefined) return id === undefined ? { fault: 'is required' } : { id };
    const found = this.findText(text);
    if (id === undefined || 'fault' in found) return found;
    return found.id === id ? found : { fault: `"${text}" is not category ${id}; empty one of the two cells` };
  }

  private findText(text: string): { id: number } | { fault: string } {
    const key = folded(text);
    const inAnyCase = this.paths.get(key) ?? [];
    const named = this.names.get(key) ?? [];
    const number = /^\d{1,15}$/.test(text) && this.ids.has(Number(text)) ? Number(text) : undefined;
    // Exact matches first: what the export writes is always one of the two.
    const id = this.exact.get(text) ?? this.slugs.get(text) ?? only(inAnyCase) ?? only(named) ?? number;
    if (id !== undefined) return { id };
    if (inAnyCase.length + named.length > 1) return { fault: `several categories are called "${text}"; write the whole path` };
    return { fault: `there is no category "${text}"` };
  }

  private findType(name: string, path: string | undefined): Placement {
    const id = (path === undefined ? undefined : this.paths.get(folded(path))?.[0]) ?? this.names.get(folded(name))?.[0];
    return id === undefined ? { toMake: { name } } : { id };
  }
}

const only = (ids: readonly number[]): number | undefined => (ids.length === 1 ? ids[0] : undefined);

function append(lists: Map<string, number[]>, key: string, id: number): void {
  const list = lists.get(key);
  if (list) list.push(id);
  else lists.set(key, [id]);
}
