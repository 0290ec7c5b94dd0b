import { conditionsOf, Parameters } from './search-conditions.js';
import { afterSeen, mostCounted, pageOf, type Statement, type Wanted, type WriteWords } from './search-statement.js';

/** What the index on names and brands holds of a product. */
const titles = `ts_filter(p.search_vector, '{a,b}')`;

/** The sort keys of products that are not ranked: those that have the words in name or brand, and those that have them elsewhere. */
const titledKey = 1;
const otherKey = 0;

/**
 * The page, by relevance, of words that more than `mostCounted` products have, nearly always in their descriptions. Ranking them all
 * would be to read the catalogue. So those that have the words in name or brand come first: by rank while they are few enough to be
 * ranked, else the newest first. The others follow, the newest first. Every match has its place, and depth costs nothing.
 */
export function broadStatement(wanted: Wanted & { readonly words: WriteWords }): Statement {
  const parameters = new Parameters();
  const { sort, window, seen } = wanted;
  const { direction } = sort;
  const words = wanted.words(parameters);
  const source = `FROM products p WHERE ${conditionsOf(wanted.filters, parameters)}`;
  const needed = parameters.add(window.offset + window.limit + 1);

  const afterTier = (key: number): string => {
    const distance = seen ? (Number(seen.value) - key) * (direction === 'DESC' ? 1 : -1) : 1;
    return seen && distance === 0 ? `p.id ${direction === 'DESC' ? '<' : '>'} ${parameters.add(seen.id)}::bigint` : String(distance > 0);
  };
  const walk = (key: number, condition: string): string => `
    SELECT p.id, ${key}::real AS sort_key ${source} AND ${condition} AND ${afterTier(key)} ORDER BY p.id ${direction} LIMIT ${needed}`;
  // When the best fill the page, the others are not looked for.
  const isShort = direction === 'DESC' ? `(SELECT count(*) FROM titled) < ${needed}` : 'true';
  const ctes = `
    ranked AS MATERIALIZED (
      SELECT p.id, ts_rank(p.search_vector, ${words}) AS sort_key ${source} AND ${titles} @@ ${words} LIMIT ${mostCounted + 1}),
    titled AS MATERIALIZED (
      (SELECT id, sort_key FROM ranked
        WHERE (SELECT count(*) FROM ranked) <= ${mostCounted} AND ${afterSeen({ sort, seen, parameters }, 'sort_key', 'id')}
        ORDER BY sort_key ${direction}, id ${direction} LIMIT ${needed})
      UNION ALL
      (${walk(titledKey, `(SELECT count(*) FROM ranked) > ${mostCounted} AND ${titles} @@ ${words}`)})),
    rest AS MATERIALIZED (${walk(otherKey, `${isShort} AND p.search_vector @@ ${words} AND NOT ${titles} @@ ${words}`)}),
    page AS (
      SELECT * FROM titled UNION ALL SELECT * FROM rest
       ORDER BY sort_key ${direction}, id ${direction} LIMIT ${parameters.add(window.limit + 1)} OFFSET ${parameters.add(window.offset)})`;
  return { sql: pageOf({ ctes, found: 'NULL::integer AS total' }, sort), values: parameters.values };
}
