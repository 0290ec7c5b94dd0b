import { columnKey, mapColumns } from '../csv/columns.js';
import { duplicateColumns, missingColumns } from '../import.problems.js';
import { ownFormat } from './own-format.js';
import type { ProductFormat } from './product-format.js';
import { shopifyFormat } from './shopify-format.js';

/** Whether a column of this name is known in some format. */
export const isKnownColumn = (name: string): boolean => {
  const key = columnKey(name);
  return [ownFormat, shopifyFormat].some(({ columns }) => Object.hasOwn(columns, key));
};

/** The format of a header. Throws 400 when columns that it needs are missing, or are there twice. */
export function detectFormat(header: readonly string[]): { readonly format: ProductFormat; readonly unknown: readonly string[] } {
  // Only Shopify's files have a handle.
  const reader = mapColumns(header, shopifyFormat.columns).columns.has('handle') ? shopifyFormat : ownFormat;
  const { columns, unknown, duplicates } = mapColumns(header, reader.columns);
  if (duplicates.length > 0) throw duplicateColumns(duplicates);
  const missing = reader.missing(columns);
  if (missing.length > 0) throw missingColumns(reader.name, missing);
  return { format: reader.open(columns), unknown };
}
