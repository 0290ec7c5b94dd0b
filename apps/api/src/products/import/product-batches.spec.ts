import { PoolExhaustedError } from '@app/database';
import { QueryFailedError, type EntityManager } from 'typeorm';
import { ProductBatches, type BatchResult, type BatchRow, type BatchTarget } from './product-batches.js';
import type { ImportRepository, ProductState } from './import.repository.js';

const rowOf = (line: number, sku = `S-${line}`, slug?: string): BatchRow => ({
  draft: { line, values: { sku, name: 'Lamp', price: '1', stock_quantity: 1, slug }, category: {} },
  place: { id: 1, isDefault: false },
});

const target: BatchTarget = {
  actorId: 7,
  ownerId: 7,
  isDryRun: false,
  isSlugFirm: true,
  sql: { classify: '', update: '', updateWithSlugs: '', insert: '' },
};

const failure = (code: string, constraint = ''): QueryFailedError =>
  new QueryFailedError('', [], Object.assign(new Error(code), { code, constraint }));

interface Row {
  readonly line: number;
  readonly sku: string;
  readonly slug?: string;
}

/** Products by SKU, in memory. `refuse` says what the database has against an insert. */
class FakeImports {
  readonly products = new Map<string, { id: number; slug: string; isOwn: boolean; isChanged: boolean }>();
  readonly batches: number[] = [];
  refuse: (rows: readonly Row[]) => Error | undefined = () => undefined;

  writing = <T>(_: number, work: (manager: EntityManager) => Promise<T>): Promise<T> => work({} as EntityManager);
  reading = <T>(work: (manager: EntityManager) => Promise<T>): Promise<T> => work({} as EntityManager);

  classify = (_: unknown, __: unknown, rows: readonly Row[]): Promise<ProductState[]> =>
    Promise.resolve(
      rows.flatMap(({ line, sku }) => {
        const known = this.products.get(sku);
        if (!known) return [];
        const { id, slug, isOwn, isChanged } = known;
        return [{ line, id, slug, is_own: isOwn, is_changed: isChanged, is_sale_too_high: false }];
      }),
    );

  findTakenSlugs = (_: unknown, slugs: readonly string[]): Promise<Set<string>> => {
    const taken = new Set([...this.products.values()].map(({ slug }) => slug));
    return Promise.resolve(new Set(slugs.filter((slug) => taken.has(slug))));
  };

  update = (_: unknown, __: unknown, rows: readonly Row[]): Promise<Set<number>> => Promise.resolve(new Set(rows.map(({ line }) => line)));

  insert = (_: unknown, __: unknown, rows: readonly Row[]): Promise<Set<number>> => {
    const error = this.refuse(rows);
    if (error) return Promise.reject(error);
    this.batches.push(rows.length);
    const made = rows.filter(({ sku }) => !this.products.has(sku));
    for (const { sku, slug = '', line } of made) this.products.set(sku, { id: line, slug, isOwn: true, isChanged: true });
    return Promise.resolve(new Set(made.map(({ line }) => line)));
  };
}

const brief = (results: readonly BatchResult[]): [number, string][] =>
  results.map(({ row, outcome }) => [row.draft.line, typeof outcome === 'string' ? outcome : `${outcome.column}: ${outcome.message}`]);

describe('ProductBatches', () => {
  let imports: FakeImports;
  let batches: ProductBatches;
  beforeEach(() => {
    imports = new FakeImports();
    batches = new ProductBatches(imports as unknown as ImportRepository);
  });

  it('writes nothing for no rows', async () => {
    expect(await batches.write([], target)).toEqual([]);
  });

  it('tells what became of each row', async () => {
    imports.products.set('S-2', { id: 2, slug: 'a', isOwn: true, isChanged: true });
    imports.products.set('S-3', { id: 3, slug: 'b', isOwn: true, isChanged: false });
    imports.products.set('S-4', { id: 4, slug: 'c', isOwn: false, isChanged: true });
    expect(brief(await batches.write([rowOf(2), rowOf(3), rowOf(4), rowOf(5)], target))).toEqual([
      [2, 'updated'],
      [3, 'unchanged'],
      [4, "sku: is that of another seller's product"],
      [5, 'created'],
    ]);
  });

  it('finds the one row that the database refuses, and writes the others', async () => {
    imports.refuse = (rows) => (rows.some(({ line }) => line === 7) ? failure('23503', 'products_category_id_fkey') : undefined);
    const rows = Array.from({ length: 10 }, (_, index) => rowOf(index + 2));
    const results = await batches.write(rows, target);
    expect(brief(results).filter(([, outcome]) => outcome !== 'created')).toEqual([[7, 'category: has been removed meanwhile']]);
    expect([results.length, imports.products.size]).toEqual([10, 9]);
  });

  it('looks for another slug when the one that was free has been taken', async () => {
    imports.refuse = () => {
      imports.refuse = () => undefined;
      imports.products.set('OTHER', { id: 99, slug: 'lamp', isOwn: false, isChanged: true });
      return failure('23505', 'products_slug_key');
    };
    expect(brief(await batches.write([rowOf(2)], target))).toEqual([[2, 'created']]);
    expect(imports.products.get('S-2')?.slug).toBe('lamp-s-2');
  });

  it('looks again at a SKU that has come into being meanwhile', async () => {
    imports.refuse = () => {
      imports.refuse = () => undefined;
      imports.products.set('S-2', { id: 99, slug: 'x', isOwn: false, isChanged: true });
      return undefined;
    };
    expect(brief(await batches.write([rowOf(2), rowOf(3)], target))).toEqual([
      [3, 'created'],
      [2, "sku: is that of another seller's product"],
    ]);
  });

  it('gives each of two products in one batch a slug of its own', async () => {
    await batches.write([rowOf(2), rowOf(3)], target);
    expect([...imports.products.values()].map(({ slug }) => slug)).toEqual(['lamp', 'lamp-s-3']);
  });

  it('refuses a slug that was asked for and is taken, and only wishes for one where the format does', async () => {
    imports.products.set('OTHER', { id: 99, slug: 'mine', isOwn: false, isChanged: true });
    expect(brief(await batches.write([rowOf(2, 'A', 'mine')], target))).toEqual([[2, 'slug: is taken by another product']]);
    expect(brief(await batches.write([rowOf(2, 'A', 'mine')], { ...target, isSlugFirm: false }))).toEqual([[2, 'created']]);
    expect(imports.products.get('A')?.slug).toBe('mine-a');
  });

  it('writes nothing in a dry run', async () => {
    expect(brief(await batches.write([rowOf(2)], { ...target, isDryRun: true }))).toEqual([[2, 'created']]);
    expect(imports.batches).toEqual([]);
  });

  it('waits for a connection three times', async () => {
    let refusals = 0;
    imports.refuse = () => ((refusals += 1) < 3 ? new PoolExhaustedError(2000) : undefined);
    expect(brief(await batches.write([rowOf(2)], target))).toEqual([[2, 'created']]);
    imports.refuse = () => new PoolExhaustedError(2000);
    await expect(batches.write([rowOf(3)], target)).rejects.toThrow(PoolExhaustedError);
  });

  it('blames no row for what is not about rows', async () => {
    imports.refuse = () => failure('57P01');
    await expect(batches.write([rowOf(2), rowOf(3)], target)).rejects.toThrow('57P01');
  });
});
