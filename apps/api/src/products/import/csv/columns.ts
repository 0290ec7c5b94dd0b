/** Names are compared by their letters and digits: `Stock Quantity`, `stock_quantity` and `STOCK-QUANTITY` are one. */
export const columnKey = (name: string): string =>
  name
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, '');

/** Where a column stands, and what this file calls it. */
export interface Column {
  readonly index: number;
  readonly title: string;
}

export interface ColumnMap<Name extends string> {
  readonly columns: ReadonlyMap<Name, Column>;
  readonly unknown: readonly string[];
  readonly duplicates: readonly string[];
}

/** The columns of a header that `names` knows, by their keys. */
export function mapColumns<Name extends string>(header: readonly string[], names: Readonly<Record<string, Name>>): ColumnMap<Name> {
  const columns = new Map<Name, Column>();
  const unknown: string[] = [];
  const duplicates: string[] = [];
  header.forEach((written, index) => {
    const title = written.trim();
    const key = columnKey(title);
    const name = Object.hasOwn(names, key) ? names[key] : undefined;
    if (name === undefined) {
      if (title !== '') unknown.push(title);
    } else if (columns.has(name)) {
      duplicates.push(title);
    } else {
      columns.set(name, { index, title });
    }
  });
  return { columns, unknown, duplicates };
}
