import type { PageWindow } from '../../http/page.js';
import type { ProductSearch } from '../products.dto.js';
import { fromProducts, rowColumns } from '../products.sql.js';
import { conditionsOf, Parameters } from './search-conditions.js';
import { countedFacets, facetColumns, facets } from './search-facets.js';
import type { ChosenSort, SeenRow } from './search-sort.js';

export interface Statement {
  readonly sql: string;
  readonly values: readonly unknown[];
}

/** Matches are counted exactly as far as this; beyond, long lists are only estimated. */
export const mostCounted = 10_000;

/** Writes words as an SQL expression of type tsquery. */
export type WriteWords = (parameters: Parameters) => string;

export interface Wanted {
  readonly filters: ProductSearch;
  readonly window: PageWindow;
  readonly sort: ChosenSort;
  readonly seen: SeenRow | undefined;
  /** Undefined when no words were searched for. */
  readonly words: WriteWords | undefined;
}

/**
 * Few filters leave many rows: then an index that has the order is walked until the page is full. Words, a brand, a category or facets
 * leave few, or need all: then the matches are gathered first, and page, count and facets come from them. Left to itself the planner
 * takes the walk also for a rare brand, and reads the whole table.
 */
const isGathered = ({ query, brand, category_id: category, facets }: ProductSearch): boolean =>
  query !== undefined || brand !== undefined || category !== undefined || facets === true;

/** Ranking a match means to read it. What matches most of the catalogue is counted as far as it has to be, and ranked another way. */
const isCapped = ({ filters, sort }: Pick<Wanted, 'filters' | 'sort'>): boolean => sort.by === 'relevance' && !filters.facets;

/** A total above `mostCounted` is the first number above it, and stands for all that are larger. */
export const isCountedOut = (wanted: Pick<Wanted, 'filters' | 'sort'>, total: number): boolean =>
  total > mostCounted && (!isGathered(wanted.filters) || isCapped(wanted));

/** One statement for page, total and facets. */
export function searchStatement(wanted: Wanted): Statement {
  const parameters = new Parameters();
  const { filters, sort } = wanted;
  const words = wanted.words?.(parameters);
  const where = conditionsOf(filters, parameters) + (words === undefined ? '' : ` AND p.search_vector @@ ${words}`);
  const key = sort.by === 'relevance' ? `ts_rank(p.search_vector, ${words ?? 'NULL'})` : sort.key;
  const popularity = sort.by === 'popularity' ? 'JOIN product_popularity pp ON pp.product_id = p.id' : '';
  const shape = { ...wanted, key, where, source: `FROM products p ${popularity} WHERE ${where}`, parameters };
  return { sql: pageOf(isGathered(filters) ? gathered(shape) : walked(shape), sort), values: parameters.values };
}

interface Parts {
  /** Of these one is `page`, with `id` and `sort_key`. */
  readonly ctes: string;
  /** Columns that every row of the answer has, and that are there without any row. */
  readonly found: string;
}

/** Looks the rows of a page up. Without any it gives one row, in which all but `found` is null. */
export const pageOf = ({ ctes, found }: Parts, sort: ChosenSort): string => `
  WITH ${ctes}
  SELECT found.*, shown.* FROM (SELECT ${found}) AS found
    LEFT JOIN LATERAL (SELECT ${sort.write('page.sort_key')} AS seen_value, page.sort_key, ${rowColumns} ${fromProducts}
                         JOIN page ON page.id = p.id) AS shown ON true
   ORDER BY shown.sort_key ${sort.direction}, shown.id ${sort.direction}`;

type Shape = Wanted & { readonly key: string; readonly where: string; readonly source: string; readonly parameters: Parameters };

/** What comes after the row that was seen last, in the order that `key` and `id` have. */
export function afterSeen({ sort, seen, parameters }: Pick<Shape, 'sort' | 'seen' | 'parameters'>, key: string, id: string): string {
  if (!seen) return 'true';
  const sign = sort.direction === 'ASC' ? '>' : '<';
  return `(${key}, ${id}) ${sign} (${sort.read(parameters.add(seen.value))}, ${parameters.add(seen.id)}::bigint)`;
}

const inOrder = ({ window, sort, parameters }: Shape, key: string, id: string): string =>
  `ORDER BY ${key} ${sort.direction}, ${id} ${sort.direction}
   LIMIT ${parameters.add(window.limit + 1)} OFFSET ${parameters.add(window.offset)}`;

function gathered(shape: Shape): Parts {
  const isFaceted = shape.filters.facets === true;
  const cap = isCapped(shape) ? `LIMIT ${mostCounted + 1}` : '';
  const ctes = `
    matches AS MATERIALIZED (SELECT p.id, ${shape.key} AS sort_key ${isFaceted ? `, ${facetColumns}` : ''} ${shape.source} ${cap}),
    page AS (SELECT id, sort_key FROM matches WHERE ${afterSeen(shape, 'sort_key', 'id')} ${inOrder(shape, 'sort_key', 'id')})
    ${isFaceted ? `, ${countedFacets}` : ''}`;
  return { ctes, found: `(SELECT count(*) FROM matches) AS total${isFaceted ? `, ${facets} AS facets` : ''}` };
}

function walked(shape: Shape): Parts {
  // The index of an order is found by its last column too, which for popularity is in the other table.
  const id = shape.sort.by === 'popularity' ? 'pp.product_id' : 'p.id';
  const page = `SELECT p.id, ${shape.key} AS sort_key ${shape.source} AND ${afterSeen(shape, shape.key, id)} ${inOrder(shape, shape.key, id)}`;
  const counted = `SELECT FROM products p WHERE ${shape.where} LIMIT ${mostCounted + 1}`;
  return { ctes: `page AS (${page})`, found: `(SELECT count(*) FROM (${counted}) AS counted) AS total` };
}

/** The planner's guess of how many match, for lists that are too long to count. */
export function estimateStatement({ filters, words }: Pick<Wanted, 'filters' | 'words'>): Statement {
  const parameters = new Parameters();
  const matched = words ? ` AND p.search_vector @@ ${words(parameters)}` : '';
  return {
    sql: `EXPLAIN (FORMAT JSON) SELECT FROM products p WHERE ${conditionsOf(filters, parameters)}${matched}`,
    values: parameters.values,
  };
}
