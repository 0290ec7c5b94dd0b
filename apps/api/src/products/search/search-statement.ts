import type { PageWindow } from '../../http/page.js';
import type { ProductSearch } from '../products.dto.js';
import { fromProducts, rowColumns } from '../products.sql.js';
import { conditionsOf, Parameters } from './search-conditions.js';
import type { ChosenSort, SeenRow } from './search-sort.js';

export interface Statement {
  readonly sql: string;
  readonly values: readonly unknown[];
}

/** Matches are counted exactly as far as this; beyond, an unfiltered list is only estimated. */
export const mostCounted = 10_000;

interface Given {
  readonly filters: ProductSearch;
  readonly window: PageWindow;
  readonly sort: ChosenSort;
  readonly seen: SeenRow | undefined;
  /** Writes the words as an SQL tsquery; undefined when none were searched for. */
  readonly tsquery: ((parameters: Parameters) => string) | undefined;
}

/** Microseconds, in one notation whatever the session's time zone: a cursor must find the very row again. */
const asText = (sort: ChosenSort, key: string): string =>
  sort.by === 'created_at' ? `to_char(${key} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')` : `${key}::text`;

/**
 * Few filters leave many rows: then an index that has the order is walked until the page is full. Words, a brand, a category or facets
 * leave few, or need all: then the matches are gathered first, and page, count and facets come from them. Left to itself the planner
 * takes the walk also for a rare brand, and reads the whole table.
 */
export const isGathered = ({ query, brand, category_id: category, facets }: ProductSearch): boolean =>
  query !== undefined || brand !== undefined || category !== undefined || facets === true;

/** One statement for page, total and facets. */
export function searchStatement(given: Given): Statement {
  const parameters = new Parameters();
  const { filters, sort } = given;
  const tsquery = given.tsquery?.(parameters);
  const where = conditionsOf(filters, parameters, tsquery);
  const popularity = sort.by === 'popularity' ? 'JOIN product_popularity pp ON pp.product_id = p.id' : '';
  const key = sort.by === 'relevance' ? `ts_rank(p.search_vector, ${tsquery ?? 'NULL'})` : sort.key;
  const source = `FROM products p ${popularity} WHERE ${where}`;
  const parts = isGathered(filters)
    ? gathered({ ...given, key, source, parameters })
    : walked({ ...given, key, source, where, parameters });
  const sql = `
    WITH ${parts.ctes}
    SELECT found.*, shown.* FROM (SELECT ${parts.found}) AS found
      LEFT JOIN LATERAL (SELECT ${asText(sort, 'page.sort_key')} AS seen_value, page.sort_key, ${rowColumns} ${fromProducts}
                           JOIN page ON page.id = p.id) AS shown ON true
     ORDER BY shown.sort_key ${sort.direction}, shown.id ${sort.direction}`;
  return { sql, values: parameters.values };
}

type Shape = Given & { readonly key: string; readonly source: string; readonly parameters: Parameters };

function pageOf({ window, sort, seen, parameters }: Shape, key: string, id: string): { after: string; order: string } {
  const sign = sort.direction === 'ASC' ? '>' : '<';
  const after = seen ? `(${key}, ${id}) ${sign} (${parameters.add(seen.value)}::${sort.type}, ${parameters.add(seen.id)}::bigint)` : 'true';
  const limit = `LIMIT ${parameters.add(window.limit + 1)} OFFSET ${parameters.add(window.offset)}`;
  return { after, order: `ORDER BY ${key} ${sort.direction}, ${id} ${sort.direction} ${limit}` };
}

function gathered(shape: Shape): { ctes: string; found: string } {
  const isFaceted = shape.filters.facets === true;
  const faceted = isFaceted ? ', p.category_id, p.brand, p.effective_price, p.rating_average' : '';
  const { after, order } = pageOf(shape, 'sort_key', 'id');
  const ctes = `
    matches AS MATERIALIZED (SELECT p.id, ${shape.key} AS sort_key${faceted} ${shape.source}),
    page AS (SELECT id, sort_key FROM matches WHERE ${after} ${order})`;
  return { ctes, found: `(SELECT count(*) FROM matches) AS total${isFaceted ? `, ${facets} AS facets` : ''}` };
}

function walked(shape: Shape & { readonly where: string }): { ctes: string; found: string } {
  const { after, order } = pageOf(shape, shape.key, 'p.id');
  // The index of an order is found by its last column too, which for popularity is in the other table.
  const walk = shape.sort.by === 'popularity' ? order.replaceAll('p.id', 'pp.product_id') : order;
  const rest = shape.sort.by === 'popularity' ? after.replaceAll('p.id', 'pp.product_id') : after;
  const ctes = `page AS (SELECT p.id, ${shape.key} AS sort_key ${shape.source} AND ${rest} ${walk})`;
  return {
    ctes,
    found: `(SELECT count(*) FROM (SELECT FROM products p WHERE ${shape.where} LIMIT ${mostCounted + 1}) AS counted) AS total`,
  };
}

const facets = `(SELECT json_build_object(
  'category', (SELECT coalesce(json_agg(json_build_object('id', f.id, 'name', f.name, 'count', f.count)), '[]')
     FROM (SELECT c.id, c.name, g.count FROM (SELECT category_id, count(*) AS count FROM matches GROUP BY category_id
             ORDER BY count DESC, category_id LIMIT 20) g JOIN categories c ON c.id = g.category_id ORDER BY g.count DESC, c.id) f),
  'brand', (SELECT coalesce(json_agg(f), '[]') FROM (SELECT brand AS value, count(*) AS count FROM matches WHERE brand IS NOT NULL
             GROUP BY brand ORDER BY count DESC, brand LIMIT 20) f),
  'price', (SELECT coalesce(json_agg(json_build_object('min', (ARRAY[0, 25, 50, 100, 250, 500, 1000])[f.band + 1],
                                                       'max', (ARRAY[25, 50, 100, 250, 500, 1000])[f.band + 1], 'count', f.count)), '[]')
     FROM (SELECT width_bucket(effective_price, ARRAY[25, 50, 100, 250, 500, 1000]::numeric[]) AS band, count(*) AS count FROM matches
            GROUP BY band ORDER BY count DESC, band) f),
  'rating', (SELECT coalesce(json_agg(f), '[]') FROM (SELECT min, count(*) AS count FROM matches, generate_series(1, 4) AS min
             WHERE rating_average >= min GROUP BY min ORDER BY count DESC, min) f)))`;

/** The planner's guess of how many match, for lists that are too long to count. */
export function estimateStatement(filters: ProductSearch): Statement {
  const parameters = new Parameters();
  const where = conditionsOf(filters, parameters);
  return { sql: `EXPLAIN (FORMAT JSON) SELECT FROM products p WHERE ${where}`, values: parameters.values };
}
