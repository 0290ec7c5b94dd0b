import type { Column } from '../csv/columns.js';
import type { CsvRow } from '../csv/csv-reader.js';
import { withoutFormulaMark } from '../csv/formula-mark.js';
import { cellNames, type CellName } from './product-draft.js';
import type { FormatOutput, FormatReader, ProductFormat } from './product-format.js';

const needed = ['sku', 'name', 'price', 'stock_quantity'] as const;

// The id is for the reader's eyes: a product is known by its SKU.
const columns: Readonly<Record<string, CellName | 'id'>> = {
  id: 'id',
  ...Object.fromEntries(cellNames.map((name) => [name.replaceAll('_', ''), name])),
};

class OwnFormat implements ProductFormat {
  readonly name = 'techmart';
  readonly isSlugFirm = true;
  readonly sets: ReadonlySet<CellName>;

  constructor(private readonly columns: ReadonlyMap<string, Column>) {
    this.sets = new Set(cellNames.filter((name) => columns.has(name)));
  }

  add({ line, fields }: CsvRow): FormatOutput {
    const cells: Partial<Record<CellName, string>> = {};
    for (const name of this.sets) cells[name] = withoutFormulaMark(fields[this.columns.get(name)?.index ?? -1] ?? '');
    return { products: [{ line, cells }] };
  }

  finish(): FormatOutput {
    return { products: [] };
  }

  title(cell: CellName | undefined): string | null {
    return (cell && this.columns.get(cell)?.title) ?? null;
  }
}

/** Our own columns, those of the export. */
export const ownFormat: FormatReader = {
  name: 'techmart',
  columns,
  open: (present) => new OwnFormat(present),
  missing: (present) => {
    const missing: string[] = needed.filter((name) => !present.has(name));
    return present.has('category') || present.has('category_id') ? missing : [...missing, 'category'];
  },
};
