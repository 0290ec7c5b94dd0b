import { CategoryPlaces } from './categories/category-places.js';
import type { CsvRow } from './csv/csv-reader.js';
import { detectFormat } from './formats/detect-format.js';
import { ImportRun } from './import-run.js';
import type { BatchResult, BatchRow } from './product-batches.js';

const header = ['SKU', 'Name', 'Price', 'Stock quantity', 'Category', 'Slug', 'Description'];
const row = (line: number, sku: string, more: Partial<Record<string, string>> = {}): CsvRow => ({
  line,
  fields: [sku, 'Lamp', more['price'] ?? '1', '1', more['category'] ?? 'Lamps', more['slug'] ?? '', more['description'] ?? ''],
});

interface Written {
  readonly run: ImportRun;
  /** The SKUs of each batch. */
  readonly batches: string[][];
}

async function start(
  write = (rows: readonly BatchRow[]): BatchResult[] => rows.map((one) => ({ row: one, outcome: 'created' })),
): Promise<Written> {
  const places = await CategoryPlaces.load({ load: () => Promise.resolve([{ id: 1, name: 'Lamps', slug: 'lamps', path: 'Lamps' }]) });
  const batches: string[][] = [];
  const run = new ImportRun({
    header,
    format: detectFormat(header).format,
    places,
    write: (rows) => {
      if (rows.length > 0) batches.push(rows.map(({ draft }) => draft.values.sku));
      return Promise.resolve(write(rows));
    },
  });
  return { run, batches };
}

const about = { dry_run: false, format: 'techmart', encoding: 'utf-8', delimiter: ',' } as const;

describe('ImportRun', () => {
  it('writes in batches of 500 and what is left at the end', async () => {
    const { run, batches } = await start();
    for (let line = 2; line < 1202; line += 1) await run.add(row(line, `S-${line}`));
    expect(batches.map((batch) => batch.length)).toEqual([500, 500]);
    await run.finish();
    expect(batches.map((batch) => batch.length)).toEqual([500, 500, 200]);
    expect(run.report.finish(about)).toMatchObject({ rows: 1200, products: 1200, created: 1200, failed: 0 });
  });

  it('writes sooner when the descriptions are long', async () => {
    const { run, batches } = await start();
    for (let line = 2; line < 32; line += 1) await run.add(row(line, `S-${line}`, { description: 'x'.repeat(50_000) }));
    expect(batches.map((batch) => batch.length)).toEqual([20]);
  });

  it('names line, column and SKU of what is wrong, in the order of the file, and goes on', async () => {
    const refuse = (rows: readonly BatchRow[]): BatchResult[] =>
      rows.map((one) => ({ row: one, outcome: one.draft.line === 2 ? { column: 'sku', message: 'is not yours' } : 'updated' }));
    const { run } = await start(refuse);
    await run.add(row(2, 'A'));
    await run.add(row(3, 'B', { price: 'x' }));
    await run.add({ line: 4, column: 2, fault: 'a quote too many' });
    await run.add(row(5, 'C', { category: 'Boats' }));
    await run.add(row(6, 'D'));
    await run.finish();
    const report = run.report.finish(about);
    expect(report).toMatchObject({ rows: 5, products: 5, updated: 1, failed: 4, errors_truncated: false });
    expect(report.errors).toEqual([
      { line: 2, column: 'SKU', sku: 'A', message: 'is not yours' },
      { line: 3, column: 'Price', sku: 'B', message: expect.stringContaining('must be an amount') },
      { line: 4, column: 'Price', message: 'a quote too many' },
      { line: 5, column: 'Category', sku: 'C', message: 'there is no category "Boats"' },
    ]);
  });

  it('takes the first of several rows of one SKU or slug; one that is broken does not count', async () => {
    const { run, batches } = await start();
    await run.add(row(2, 'A', { price: 'x' }));
    await run.add(row(3, 'A'));
    await run.add(row(4, 'A'));
    await run.add(row(5, 'B', { slug: 'lamp' }));
    await run.add(row(6, 'C', { slug: 'lamp' }));
    await run.finish();
    expect(batches).toEqual([['A', 'B']]);
    expect(run.report.finish(about).errors.slice(1)).toEqual([
      { line: 4, column: 'SKU', sku: 'A', message: 'is on line 3 already' },
      { line: 6, column: 'Slug', sku: 'C', message: 'is on line 5 already' },
    ]);
  });

  it('gives up a file of which more than 1,000 lines are not CSV', async () => {
    const { run } = await start();
    for (let line = 2; line < 1002; line += 1) await run.add({ line, column: undefined, fault: 'broken' });
    await expect(run.add({ line: 1002, column: undefined, fault: 'broken' })).rejects.toMatchObject({ code: 'unreadable-file' });
  });

  it('takes a million rows at most', async () => {
    const { run } = await start();
    run.report.rows = 1_000_000;
    await expect(run.add(row(1_000_002, 'A'))).rejects.toMatchObject({ code: 'too-many-rows' });
  });

  it('lists the first thousand errors and counts all', async () => {
    const { run } = await start();
    for (let line = 2; line < 1503; line += 1) await run.add(row(line, `S-${line}`, { price: 'x' }));
    const { errors, failed, errors_truncated: truncated } = run.report.finish(about);
    expect([errors.length, failed, truncated]).toEqual([1000, 1501, true]);
  });
});
