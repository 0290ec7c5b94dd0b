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

/** SQL that is true of the active products that pass the filters; `tsquery` is an SQL expression of type tsquery. */
export function conditionsOf(filters: ProductSearch, parameters: Parameters, tsquery?: string): string {
  const conditions = ['p.is_active'];
  const add = (given: unknown, condition: (placeholder: string) => string): void => {
    if (given !== undefined) conditions.push(condition(parameters.add(given)));
  };
  if (tsquery !== undefined) conditions.push(`p.search_vector @@ ${tsquery}`);
  add(filters.category_id, (value) => `p.category_id IN (SELECT id FROM categories WHERE path @> ARRAY[${value}]::bigint[])`);
  add(filters.min_price, (value) => `p.effective_price >= ${value}`);
  add(filters.max_price, (value) => `p.effective_price <= ${value}`);
  add(filters.brand === undefined ? undefined : likePattern(filters.brand), (value) => `p.brand ILIKE ${value}`);
  add(filters.is_featured, (value) => `p.is_featured = ${value}`);
  add(filters.min_rating, (value) => `coalesce(p.rating_average, 0) >= ${value}`);
  if (filters.in_stock !== undefined) conditions.push(filters.in_stock ? 'p.stock_quantity > 0' : 'p.stock_quantity = 0');
  return conditions.join(' AND ');
}
