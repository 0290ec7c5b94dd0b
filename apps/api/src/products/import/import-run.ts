import type { CategoryPlaces } from './categories/category-places.js';
import { isBroken, type BrokenRow, type CsvRow } from './csv/csv-reader.js';
import { checkCells, type CellFault, type ProductCells, type ProductDraft } from './formats/product-draft.js';
import type { FormatOutput, ProductFormat } from './formats/product-format.js';
import type { ImportNote } from './import.dto.js';
import { CutShort } from './import.problems.js';
import type { BatchResult, BatchRow } from './product-batches.js';
import { ReportDraft } from './report-draft.js';
import { SeenKeys } from './seen-keys.js';

const MOST_ROWS = 1_000_000;
const MOST_BROKEN_ROWS = 1000;
const BATCH_ROWS = 500;
/** Of descriptions, which may be long; the rest of a row is short. */
const BATCH_LENGTH = 1_000_000;

interface RunParts {
  readonly header: readonly string[];
  readonly format: ProductFormat;
  readonly places: CategoryPlaces;
  readonly write: (rows: readonly BatchRow[]) => Promise<BatchResult[]>;
}

/**
 * One import on its way from rows to the report. Holds two batches, one that is read while the other is written, and of the rest what
 * the report will say. A batch that fails makes the next call throw.
 */
export class ImportRun {
  readonly report = new ReportDraft();
  private readonly skus = new SeenKeys();
  private readonly slugs = new SeenKeys();
  private waiting: BatchRow[] = [];
  private waitingLength = 0;
  private brokenRows = 0;
  private writing: Promise<void> = Promise.resolve();

  constructor(private readonly parts: RunParts) {}

  async add(row: CsvRow | BrokenRow): Promise<void> {
    if (this.report.rows >= MOST_ROWS) throw CutShort.tooManyRows(MOST_ROWS);
    this.report.rows += 1;
    if (isBroken(row)) this.addBroken(row);
    else await this.take(this.parts.format.add(row));
  }

  /** The file is at its end, and so is the product of its last rows. */
  async finish(): Promise<void> {
    await this.take(this.parts.format.finish());
    await this.flush();
  }

  /** Writes what has been read. A product whose rows may go on is not written. */
  async flush(): Promise<void> {
    await this.handOver();
    await this.writing;
  }

  /** Waits for the batch that is being written, whatever becomes of it. */
  async settle(): Promise<void> {
    await this.writing.catch(() => undefined);
  }

  private addBroken({ line, column, fault }: BrokenRow): void {
    this.brokenRows += 1;
    if (this.brokenRows > MOST_BROKEN_ROWS) throw CutShort.tooManyBrokenRows(MOST_BROKEN_ROWS);
    this.report.fail({ line, column: (column === undefined ? undefined : this.parts.header[column]) ?? null, message: fault });
  }

  private async take({ products, failures = [], warnings = [] }: FormatOutput): Promise<void> {
    warnings.forEach((note) => this.report.warn(note));
    failures.forEach((note) => this.report.fail(note));
    for (const product of products) await this.check(product);
  }

  private async check(product: ProductCells): Promise<void> {
    const draft = checkCells(product);
    if (Array.isArray(draft)) {
      this.report.fail(...draft.map((fault) => this.noteOf(product.line, product.cells.sku, fault)));
      return;
    }
    const place = await this.parts.places.find(draft.category);
    if ('fault' in place) {
      this.report.fail(this.note(draft, misplaced(draft, place.fault)));
      return;
    }
    const repeated = this.repeated(draft);
    if (repeated) this.report.fail(this.note(draft, repeated));
    else await this.enqueue({ draft, place });
  }

  private repeated({ line, values: { sku, slug } }: ProductDraft): CellFault | undefined {
    const bySku = this.skus.claim(sku, line);
    if (bySku !== undefined) return { column: 'sku', message: `is on line ${bySku} already` };
    const bySlug = this.parts.format.isSlugFirm && slug ? this.slugs.claim(slug, line) : undefined;
    return bySlug === undefined ? undefined : { column: 'slug', message: `is on line ${bySlug} already` };
  }

  private async enqueue(row: BatchRow): Promise<void> {
    this.waiting.push(row);
    this.waitingLength += row.draft.values.description?.length ?? 0;
    if (this.waiting.length >= BATCH_ROWS || this.waitingLength >= BATCH_LENGTH) await this.handOver();
  }

  private async handOver(): Promise<void> {
    await this.writing;
    const rows = this.waiting;
    this.waiting = [];
    this.waitingLength = 0;
    this.writing = this.write(rows);
    // Whoever waits for it next is told.
    this.writing.catch(() => undefined);
  }

  private async write(rows: readonly BatchRow[]): Promise<void> {
    for (const { row, outcome } of await this.parts.write(rows)) {
      if (typeof outcome === 'string') this.report.count(outcome);
      else this.report.fail(this.note(row.draft, outcome));
    }
  }

  private note({ line, values }: ProductDraft, fault: CellFault): ImportNote {
    return this.noteOf(line, values.sku, fault);
  }

  private noteOf(line: number, sku: string | undefined, { column, message }: CellFault): ImportNote {
    const { format } = this.parts;
    // A file says where a product goes in either of two columns.
    const title = format.title(column) ?? (column === 'category' ? format.title('category_id') : null);
    return { line, column: title, ...(sku ? { sku } : {}), message };
  }
}

const misplaced = ({ category: { id, text } }: ProductDraft, message: string): CellFault => ({
  column: id !== undefined && text === undefined ? 'category_id' : 'category',
  message,
});
