import { columnsOf, type FilterColumns } from './filter-columns.js';
import { nodesOf, type PlanNode } from './plan.js';

export interface IndexAdvice {
  readonly table: string;
  /** The statement that makes the index, without locking writers out. */
  readonly sql: string;
  readonly reason: string;
  /** Rows read to find the wanted ones. */
  readonly scannedRows: number;
  readonly foundRows: number;
}

/** Below this, reading the whole table is quick, and the planner does so with an index as well. */
const leastRows = 1000;
/** An index pays when it leaves out nine rows of ten. */
const mostSelected = 0.1;

const quoted = (column: string): string => (/^[a-z_][a-z0-9_$]*$/.test(column) ? column : `"${column.replaceAll('"', '""')}"`);

function statement(
  table: string,
  columns: readonly string[],
  { textSearch, predicate }: Pick<FilterColumns, 'predicate'> & { textSearch?: string | undefined },
): string {
  const name = table.split('.').map(quoted).join('.');
  if (textSearch) return `CREATE INDEX CONCURRENTLY ON ${name} USING gin (${quoted(textSearch)} gin_trgm_ops)`;
  return `CREATE INDEX CONCURRENTLY ON ${name} (${columns.join(', ')})${predicate ? ` WHERE ${predicate}` : ''}`;
}

/** `p.created_at DESC` as a column of an index on `p`'s table. */
function sortColumn(key: string): string | undefined {
  const match = /^(?:\w+\.)?(\w+|"[^"]+")((?: DESC| ASC)?(?: NULLS (?:FIRST|LAST))?)$/.exec(key);
  return match ? `${match[1]}${match[2] ?? ''}` : undefined;
}

/** Every row of the table is read, and few are wanted. `tableRows` serves plans that were not executed. */
function adviseFilter(node: PlanNode, tableRows: (table: string) => number): IndexAdvice | undefined {
  const { table, filter, actualRows, removedRows } = node;
  if (node.node !== 'Seq Scan' || table === undefined || filter === undefined) return undefined;
  const foundRows = actualRows ?? node.plannedRows;
  const scannedRows = actualRows === undefined ? tableRows(table) : actualRows + (removedRows ?? 0);
  if (scannedRows < leastRows || foundRows > scannedRows * mostSelected) return undefined;
  const columns = columnsOf(filter);
  if (!columns) return undefined;
  const keys = [...columns.equal, ...columns.range.slice(0, 1)];
  if (keys.length === 0 && columns.textSearch === undefined) return undefined;
  const sql = statement(table, keys, columns);
  return { table, sql, reason: `${scannedRows} rows of ${table} are read to find ${foundRows}`, scannedRows, foundRows };
}

/** All rows are read and sorted, and only the first ones are wanted: an index has them in order. */
function adviseSort(limit: PlanNode, tableRows: (table: string) => number): IndexAdvice | undefined {
  const sort = limit.node === 'Limit' ? limit.children.find(({ node }) => node === 'Sort') : undefined;
  const scan = sort?.children[0];
  if (!sort?.sortKey || scan?.node !== 'Seq Scan' || scan.table === undefined) return undefined;
  const scannedRows = scan.actualRows === undefined ? tableRows(scan.table) : scan.actualRows + (scan.removedRows ?? 0);
  const foundRows = limit.actualRows ?? limit.plannedRows;
  if (scannedRows < leastRows || foundRows > scannedRows * mostSelected) return undefined;
  const order = sort.sortKey.map(sortColumn);
  const filter = scan.filter === undefined ? undefined : columnsOf(scan.filter);
  if (order.some((column) => column === undefined) || (scan.filter !== undefined && !filter)) return undefined;
  const columns = [...(filter?.equal ?? []), ...order.filter((column) => column !== undefined)];
  const sql = statement(scan.table, columns, { predicate: filter?.predicate });
  return { table: scan.table, sql, reason: `${scannedRows} rows of ${scan.table} are sorted to give ${foundRows}`, scannedRows, foundRows };
}

/**
 * Indexes that a plan asks for: a whole table read for a selective filter, or sorted for its first rows. Equalities come first, then
 * one range or the order; flags become the condition of a partial index. It reads the plan alone, so whether the planner would use
 * the index has still to be tried.
 */
export function adviseIndexes(plan: PlanNode, tableRows: (table: string) => number = () => 0): IndexAdvice[] {
  const advice = [...nodesOf(plan)].flatMap((node) => [adviseSort(node, tableRows), adviseFilter(node, tableRows)]);
  const unique = new Map(advice.filter((one) => one !== undefined).map((one) => [one.sql, one]));
  // Of a sort and a filter on the same scan, the first serves both.
  const tables = new Set<string>();
  return [...unique.values()].filter(({ table }) => !tables.has(table) && tables.add(table));
}
