import type { ProductSearch } from '../products.dto.js';

/** Collects parameters as the text of a statement is put together; the text itself never holds a value. */
export class Parameters {
  readonly values: unknown[] = [];

  /** Adds a value and gives its placeholder. */
  add(value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }
}

const likePattern = (part: string): string => `%${part.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;

/** True of the rows `c` of categories that are the given one or below it; of none when that one is closed. */
export const isBelow = (c: string, category: string): string =>
  `${c}.path @> ARRAY[${category}]::bigint[] AND EXISTS (SELECT FROM categories WHERE id = ${category}::bigint AND is_active)`;

const inSubtree = (category: string): string => `p.category_id IN (SELECT id FROM categories c WHERE ${isBelow('c', category)})`;

/**
 * A part of the brand, in any case. `version`, always positive, is in no index: without it the planner reads a whole covering index
 * and compares every brand, which it takes for cheaper than it is, instead of asking the trigrams.
 */
const ofBrand = (pattern: string): string => `p.brand ILIKE ${pattern} AND p.version > 0`;

/** SQL that is true of the active products that pass the filters; the words are a matter of their own. */
export function conditionsOf(filters: ProductSearch, parameters: Parameters): string {
  const conditions = ['p.is_active'];
  const add = (given: unknown, condition: (placeholder: string) => string): void => {
    if (given !== undefined) conditions.push(condition(parameters.add(given)));
  };
  add(filters.category_id, inSubtree);
  add(filters.min_price, (value) => `p.effective_price >= ${value}`);
  add(filters.max_price, (value) => `p.effective_price <= ${value}`);
  add(filters.brand === undefined ? undefined : likePattern(filters.brand), ofBrand);
  add(filters.is_featured, (value) => `p.is_featured = ${value}`);
  add(filters.min_rating, (value) => `coalesce(p.rating_average, 0) >= ${value}`);
  if (filters.in_stock !== undefined) conditions.push(filters.in_stock ? 'p.stock_quantity > 0' : 'p.stock_quantity = 0');
  return conditions.join(' AND ');
}
