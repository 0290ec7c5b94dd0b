import { normalise } from '../sql/sql-fingerprint.js';

/** One node of a plan, values masked. `actual…` only when the statement was executed with it. */
export interface PlanNode {
  /** `Seq Scan`, `Index Scan`, `Sort`, `Insert`, … */
  readonly node: string;
  readonly table?: string;
  readonly index?: string;
  /** What rows must fulfil, checked row by row. */
  readonly filter?: string;
  /** What the index is asked for. */
  readonly condition?: string;
  readonly sortKey?: readonly string[];
  readonly plannedRows: number;
  readonly totalCost: number;
  /** Over all loops. */
  readonly actualRows?: number;
  /** Rows that the filter threw away, over all loops. */
  readonly removedRows?: number;
  readonly children: readonly PlanNode[];
}

type Raw = Readonly<Record<string, unknown>>;

const mask = (text: unknown): string => normalise(String(text)).text;
const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 0);

/** Averages per loop become sums. */
function actual(raw: Raw, key: string): number | undefined {
  const perLoop = raw[key];
  return typeof perLoop === 'number' ? Math.round(perLoop * Math.max(1, numberOf(raw['Actual Loops']))) : undefined;
}

function tableOf(raw: Raw): string | undefined {
  const { 'Relation Name': relation, Schema: schema } = raw;
  if (typeof relation !== 'string') return undefined;
  return typeof schema === 'string' && schema !== 'public' ? `${schema}.${relation}` : relation;
}

function nodeOf(raw: Raw): PlanNode {
  const [table, actualRows, removedRows] = [tableOf(raw), actual(raw, 'Actual Rows'), actual(raw, 'Rows Removed by Filter')];
  const condition = raw['Index Cond'] ?? raw['Hash Cond'] ?? raw['Merge Cond'] ?? raw['Recheck Cond'];
  const children = Array.isArray(raw['Plans']) ? (raw['Plans'] as Raw[]).map(nodeOf) : [];
  return {
    // What a `ModifyTable` does is its operation.
    node: String(raw['Operation'] ?? raw['Node Type']),
    ...(table === undefined ? {} : { table }),
    ...(typeof raw['Index Name'] === 'string' ? { index: raw['Index Name'] } : {}),
    ...(raw['Filter'] === undefined ? {} : { filter: mask(raw['Filter']) }),
    ...(condition === undefined ? {} : { condition: mask(condition) }),
    ...(Array.isArray(raw['Sort Key']) ? { sortKey: raw['Sort Key'].map(mask) } : {}),
    plannedRows: numberOf(raw['Plan Rows']),
    totalCost: numberOf(raw['Total Cost']),
    ...(actualRows === undefined ? {} : { actualRows }),
    ...(removedRows === undefined ? {} : { removedRows }),
    children,
  };
}

/** A plan as `EXPLAIN (FORMAT JSON)` or `auto_explain` gives it; undefined when it is none. The statement's text in it is dropped. */
export function parsePlan(given: unknown): PlanNode | undefined {
  try {
    const parsed: unknown = typeof given === 'string' ? JSON.parse(given) : given;
    const root = (Array.isArray(parsed) ? parsed[0] : parsed) as Raw | undefined;
    return root?.['Plan'] ? nodeOf(root['Plan'] as Raw) : undefined;
  } catch {
    // A notice that was cut, or of a format to come.
    return undefined;
  }
}

/** The node and all below it. */
export function* nodesOf(plan: PlanNode): Generator<PlanNode> {
  yield plan;
  for (const child of plan.children) yield* nodesOf(child);
}
