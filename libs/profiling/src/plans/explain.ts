import { nodesOf, parsePlan, type PlanNode } from './plan.js';
import type { SqlSession } from './sql-session.js';

export interface Statement {
  /** As it was executed, with its placeholders. */
  readonly text: string;
  readonly parameters: readonly unknown[];
}

/** The plan that the server would take; the statement is not executed, so a write is safe. Rejects as the server does. */
export async function explain(session: SqlSession, { text, parameters }: Statement): Promise<PlanNode | undefined> {
  const [row] = await session.query<Record<string, unknown>>(`EXPLAIN (FORMAT JSON) ${text}`, parameters);
  return parsePlan(row?.['QUERY PLAN']);
}

const sizes = `SELECT name, greatest(c.reltuples, 0)::float8 AS rows
  FROM unnest($1::text[]) AS name JOIN pg_class c ON c.oid = to_regclass(name)`;

/** How many rows the tables of a plan have, as the server's statistics say. */
export async function tableSizes(session: SqlSession, plan: PlanNode): Promise<(table: string) => number> {
  const tables = [...new Set([...nodesOf(plan)].map(({ table }) => table).filter((table) => table !== undefined))];
  const rows = await session.query<{ name: string; rows: number }>(sizes, [tables]);
  const byName = new Map(rows.map(({ name, rows: count }) => [name, count]));
  return (table) => byName.get(table) ?? 0;
}

const definitions = 'SELECT pg_get_indexdef(indexrelid) AS definition FROM pg_index WHERE indrelid = to_regclass($1) AND indisvalid';

/** Whether the table has an index already that begins with the columns of this one: the planner knows it and does not want it. */
export async function hasIndexLike(session: SqlSession, table: string, sql: string): Promise<boolean> {
  const rows = await session.query<{ definition: string }>(definitions, [table]);
  const wanted = sql
    .replace(/^.*? ON \S+ /, '')
    .replace(/^\(/, 'USING btree (')
    .replace(/\)( WHERE .*)?$/, '');
  return rows.some(({ definition }) => definition.includes(wanted));
}
