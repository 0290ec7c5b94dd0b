import { CsvError, parse } from 'csv-parse/sync';
import { RecordCutter, type RawRecord } from './record-cutter.js';

/** A field is bounded by the record it stands in. */
export const MAX_RECORD_LENGTH = 131_072;

export interface CsvRow {
  readonly line: number;
  readonly fields: readonly string[];
}

/** A row that is not valid CSV. `column` counts from 0; undefined where no column is to blame. */
export interface BrokenRow {
  readonly line: number;
  readonly column: number | undefined;
  readonly fault: string;
}

const delimiters = [',', ';', '\t'] as const;
export type Delimiter = (typeof delimiters)[number];

const quoting = 'a quote inside a field is written twice, and the field stands in quotes: "6"" nails"';
const notClosed = 'the quotes that open here are not closed';

const faults: Record<string, string> = {
  CSV_QUOTE_NOT_CLOSED: notClosed,
  CSV_INVALID_CLOSING_QUOTE: `text after the quotes that end the field; ${quoting}`,
  CSV_NON_TRIMABLE_CHAR_AFTER_CLOSING_QUOTE: `text after the quotes that end the field; ${quoting}`,
  INVALID_OPENING_QUOTE: `a quote in a field that does not begin with one; ${quoting}`,
};

export const isBroken = (row: CsvRow | BrokenRow): row is BrokenRow => 'fault' in row;

/**
 * Rows of a CSV text, as they come. The first is the header; what separates its fields separates all others. Blank lines, and lines of
 * nothing but delimiters, are no rows. A broken row costs one line: reading goes on at the line after the one that it begins with.
 */
export class CsvReader {
  delimiter: Delimiter = ',';
  headerRow: CsvRow = { line: 1, fields: [] };
  private readonly cutter = new RecordCutter(MAX_RECORD_LENGTH);
  private readonly text: AsyncIterator<string>;
  private isAtEnd = false;

  constructor(text: AsyncIterable<string>) {
    this.text = text[Symbol.asyncIterator]();
  }

  /** Undefined when there is no text but white space. */
  async readHeader(isColumn: (name: string) => boolean): Promise<CsvRow | BrokenRow | undefined> {
    const record = await this.nextRecord();
    if (!record) return undefined;
    this.delimiter = detectDelimiter(record.text, isColumn);
    const row = this.parse(record);
    this.cutter.take();
    if (!isBroken(row)) this.headerRow = row;
    return row;
  }

  async *rows(): AsyncGenerator<CsvRow | BrokenRow> {
    for (let record = await this.nextRecord(); record; record = await this.nextRecord()) {
      const row = this.parse(record);
      if (isBroken(row)) this.cutter.takeFirstLine();
      else this.cutter.take();
      if (isBroken(row)) yield row;
      else if (row.fields.some((field) => field.trim() !== '')) yield this.checkWidth(row, record);
    }
  }

  /** Cells that are missing at the end are empty ones, which many programs leave away; cells too many are in the wrong column. */
  private checkWidth(row: CsvRow, { isOpen }: RawRecord): CsvRow | BrokenRow {
    const { length: wanted } = this.headerRow.fields;
    const { length: given } = row.fields;
    const { line } = row;
    if (isOpen && given < wanted)
      return { line, column: given - 1, fault: `the file ends within this row, at field ${given} of ${wanted}` };
    if (row.fields.slice(wanted).every((field) => field === '')) return row;
    return {
      line,
      column: undefined,
      fault: `${given} fields under a header of ${wanted}; a field that holds a "${this.delimiter}" stands in quotes`,
    };
  }

  private async nextRecord(): Promise<RawRecord | undefined> {
    for (;;) {
      const record = this.cutter.peek();
      if (record && record.text.trim() !== '') return record;
      if (record) this.cutter.take();
      else if (this.isAtEnd) return undefined;
      else await this.readMore();
    }
  }

  private async readMore(): Promise<void> {
    const { done, value } = await this.text.next();
    if (done) {
      this.isAtEnd = true;
      this.cutter.finish();
    } else {
      this.cutter.push(value);
    }
  }

  private parse(record: RawRecord): CsvRow | BrokenRow {
    const { line, text } = record;
    try {
      const [fields = []] = parse(text, parseOptions(this.delimiter));
      return record.isOverlong
        ? { line, column: undefined, fault: `the row is longer than ${MAX_RECORD_LENGTH} characters` }
        : { line, fields };
    } catch (error) {
      if (!(error instanceof CsvError)) throw error;
      return { line, column: Number(error['column']), fault: describe(error, record) };
    }
  }
}

function describe(error: CsvError, record: RawRecord): string {
  const line = Number(error['lines']);
  if (error.code === 'CSV_QUOTE_NOT_CLOSED' && record.isOverlong) return `${notClosed} within ${MAX_RECORD_LENGTH} characters`;
  // The quote that ended the field early may belong to another row: what is certain is where the field began.
  if (error.code === 'CSV_INVALID_CLOSING_QUOTE' && line > 1) return `${notClosed}; ${quoting}`;
  const fault = faults[error.code] ?? 'not valid CSV';
  return line > 1 ? `${fault} (line ${record.line + line - 1})` : fault;
}

const parseOptions = (delimiter: string) => ({
  delimiter,
  columns: false as const,
  record_delimiter: ['\r\n', '\n', '\r'],
  relax_column_count: true,
  // White space around a field goes, that within its quotes stays.
  trim: true,
});

/** The delimiter that makes most known columns of the header, or else most columns. */
function detectDelimiter(header: string, isColumn: (name: string) => boolean): Delimiter {
  let best: { delimiter: Delimiter; known: number; count: number } = { delimiter: ',', known: 0, count: 0 };
  for (const delimiter of delimiters) {
    const names = splitHeader(header, delimiter);
    const known = names.filter(isColumn).length;
    if (known > best.known || (known === best.known && names.length > best.count)) best = { delimiter, known, count: names.length };
  }
  return best.delimiter;
}

function splitHeader(header: string, delimiter: string): string[] {
  try {
    return parse(header, parseOptions(delimiter))[0] ?? [];
  } catch {
    // Quotes that make no sense with this delimiter: then it is another one.
    return [];
  }
}
