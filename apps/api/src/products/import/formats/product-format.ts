import type { Column } from '../csv/columns.js';
import type { CsvRow } from '../csv/csv-reader.js';
import type { ImportReport } from '../import.dto.js';
import type { CellName, ProductCells } from './product-draft.js';

export interface Remark {
  readonly line: number;
  readonly column: string | null;
  readonly message: string;
}

/** What rows amount to: products that are complete now, and what is to be said of the rows. */
export interface FormatOutput {
  readonly products: readonly ProductCells[];
  readonly failures?: readonly Remark[];
  readonly warnings?: readonly Remark[];
}

/** Turns the rows of one kind of file into products. Holds the rows of one product at most. */
export interface ProductFormat {
  readonly name: ImportReport['format'];
  /** The columns of ours that such a file speaks of; the others stay as they are. */
  readonly sets: ReadonlySet<CellName>;
  /** A slug in it is the one that the product is to have; otherwise it is what to make one of, for a product that has none yet. */
  readonly isSlugFirm: boolean;
  add(row: CsvRow): FormatOutput;
  finish(): FormatOutput;
  /** How the file calls one of our columns. */
  title(cell: CellName | undefined): string | null;
}

/** One kind of file: which columns it has, by `columnKey`, and how it is read. */
export interface FormatReader {
  readonly name: ImportReport['format'];
  readonly columns: Readonly<Record<string, string>>;
  open(columns: ReadonlyMap<string, Column>): ProductFormat;
  missing(columns: ReadonlyMap<string, Column>): readonly string[];
}
