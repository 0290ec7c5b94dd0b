import type { PageWindow } from '../../http/page.js';
import type { ProductSearch } from '../products.dto.js';
import { fromProducts, rowColumns } from '../products.sql.js';
import { conditionsOf, isBelow, Parameters } from './search-conditions.js';
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
 * How a page is come by. Few filters leave many rows: then an index that has the order is walked until the page is full. A category has
 * such an index for each of its leaves, and the page is made of their first rows. Words, a brand or facets leave few, or need all: then
 * the matches are gathered first, and page, count and facets come from them. Left to itself the planner takes the walk also for a rare
 * brand, and reads the whole table.
 */
function readingOf({ filters, sort }: Pick<Wanted, 'filters' | 'sort'>): 'walked' | 'merged' | 'gathered' {
  const { query, brand, category_id: category, facets } = filters;
  if (query !== undefined || brand !== undefined || facets === true) return 'gathered';
  if (category === undefined) return 'walked';
  return sort.by === 'popularity' ? 'gathered' : 'merged';
}

/** Ranking a match means to read it. What matches most of the catalogue is counted as far as it has to be, and ranked another way. */
const isCapped = ({ filters, sort }: Pick<Wanted, 'filters' | 'sort'>): boolean => sort.by === 'relevance' && !filters.facets;

/** A total above `mostCounted` is the first number above it, and stands for all that are larger. */
export const isCountedOut = (wanted: Pick<Wanted, 'filters' | 'sort'>, total: number): boolean =>
  total > mostCounted && (readingOf(wanted) !== 'gathered' || isCapped(wanted));

/** One statement for page, total and facets. */
export function searchStatement(wanted: Wanted): Statement {
  const parameters = new Parameters();
  const { filters, sort } = wanted;
  const words = wanted.words?.(parameters);
  const where = conditionsOf(filters, parameters) + (words === undefined ? '' : ` AND p.search_vector @@ ${words}`);
  const key = sort.by === 'relevance' ? `ts_rank(p.search_vector, ${words ?? 'NULL'})` : sort.key;
  const popularity = sort.by === 'popularity' ? 'JOIN product_popularity pp ON pp.product_id = p.id' : '';
  const shape = { ...wanted, key, where, source: `FROM products p ${popularity} WHERE ${where}`, parameters };
  return { sql: pageOf(readings[readingOf(wanted)](shape), sort), values: parameters.values };
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

const countedAs = (where: string): string =>
  `(SELECT count(*) FROM (SELECT FROM products p WHERE ${where} LIMIT ${mostCounted + 1}) AS counted) AS total`;

function walked(shape: Shape): Parts {
  // The index of an order is found by its last column too, which for popularity is in the other table.
  const id = shape.sort.by === 'popularity' ? 'pp.product_id' : 'p.id';
  const page = `SELECT p.id, ${shape.key} AS sort_key ${shape.source} AND ${afterSeen(shape, shape.key, id)} ${inOrder(shape, shape.key, id)}`;
  return { ctes: `page AS (${page})`, found: countedAs(shape.where) };
}

function merged(shape: Shape): Parts {
  const { filters, window, sort, key, parameters } = shape;
  const others = conditionsOf({ ...filters, category_id: undefined }, parameters);
  const page = `
    SELECT first.id, first.sort_key FROM categories AS below
     CROSS JOIN LATERAL (
       SELECT p.id, ${key} AS sort_key FROM products p
        WHERE p.category_id = below.id AND ${others} AND ${afterSeen(shape, key, 'p.id')}
        ORDER BY ${key} ${sort.direction}, p.id ${sort.direction} LIMIT ${parameters.add(window.offset + window.limit + 1)}) AS first
     WHERE ${isBelow('below', parameters.add(filters.category_id))} ${inOrder(shape, 'first.sort_key', 'first.id')}`;
  return { ctes: `page AS (${page})`, found: countedAs(shape.where) };
}

const readings = { gathered, walked, merged };

/** The planner's guess of how many match, for lists that are too long to count. */
export function estimateStatement({ filters, words }: Pick<Wanted, 'filters' | 'words'>): Statement {
  const parameters = new Parameters();
  const matched = words ? ` AND p.search_vector @@ ${words(parameters)}` : '';
  return {
    sql: `EXPLAIN (FORMAT JSON) SELECT FROM products p WHERE ${conditionsOf(filters, parameters)}${matched}`,
    values: parameters.values,
  };
}
