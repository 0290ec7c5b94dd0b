import type { IndexAdvice } from './index-advice.js';
import { explain, type Statement } from './explain.js';
import { nodesOf } from './plan.js';
import type { SqlSession } from './sql-session.js';

/** What became of trying an index without making it. Costs are the planner's, without a unit. */
export type Trial =
  | { readonly isTried: false; readonly reason: string }
  | { readonly isTried: true; readonly isUsed: boolean; readonly costBefore: number; readonly costAfter: number };

const missing =
  'this server does not have the HypoPG extension (Debian: package postgresql-<version>-hypopg, then CREATE EXTENSION hypopg)';

/**
 * Asks the planner what it would do if the index were there (HypoPG): nothing is built, nobody else sees it, nothing is executed. Says
 * why when it cannot be tried: no extension, or a kind of index that HypoPG does not know (GIN).
 */
export async function tryIndex(session: SqlSession, { sql }: IndexAdvice, statement: Statement): Promise<Trial> {
  const installed = await session.query(`SELECT FROM pg_extension WHERE extname = 'hypopg'`);
  if (installed.length === 0) return { isTried: false, reason: missing };
  const before = await explain(session, statement);
  try {
    await session.query('SELECT * FROM hypopg_create_index($1)', [sql.replace(' CONCURRENTLY', '')]);
    const after = await explain(session, statement);
    const isUsed = after !== undefined && [...nodesOf(after)].some(({ index }) => index?.startsWith('<') ?? false);
    return { isTried: true, isUsed, costBefore: before?.totalCost ?? 0, costAfter: after?.totalCost ?? 0 };
  } catch (error) {
    return { isTried: false, reason: `HypoPG: ${error instanceof Error ? error.message : String(error)}` };
  } finally {
    await session.query('SELECT hypopg_reset()');
  }
}
