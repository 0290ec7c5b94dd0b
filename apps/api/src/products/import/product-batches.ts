import { isCheckViolation, isForeignKeyViolation, isRetryable, isUniqueViolation, PoolExhaustedError, withRetry } from '@app/database';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { CellFault, ProductDraft } from './formats/product-draft.js';
import type { Place } from './categories/category-places.js';
import { ImportRepository, type ProductState } from './import.repository.js';
import type { ImportSql } from './import.sql.js';
import type { Outcome } from './report-draft.js';
import { slugChoices, slugOfName } from './slug-choice.js';

export interface BatchRow {
  readonly draft: ProductDraft;
  readonly place: Place;
}

/** Whose import it is and what its file speaks of. */
export interface BatchTarget {
  readonly actorId: number;
  /** Whose products may be changed and whose the new ones are; null: an admin's import, which may change all and makes the house's. */
  readonly ownerId: number | null;
  readonly isDryRun: boolean;
  readonly isSlugFirm: boolean;
  readonly sql: ImportSql;
}

export interface BatchResult {
  readonly row: BatchRow;
  readonly outcome: Outcome | CellFault;
}

interface Decided {
  readonly row: BatchRow;
  readonly outcome: Outcome | CellFault;
  readonly values?: object;
}

const ATTEMPTS = 3;

/** Writes products in batches, each in a transaction of its own: all of a batch or, where the database refuses one, all but that one. */
@Injectable()
export class ProductBatches {
  constructor(private readonly imports: ImportRepository) {}

  /** What became of each row. Throws only what is not the fault of a row. */
  async write(rows: readonly BatchRow[], target: BatchTarget, attempt = 1): Promise<BatchResult[]> {
    const [first] = rows;
    if (!first) return [];
    try {
      const results = await withRetry(() => this.attempt(rows, target));
      const lost = results.filter(({ outcome }) => outcome === overtaken).map(({ row }) => row);
      if (lost.length === 0 || attempt === ATTEMPTS) return results;
      return [...results.filter(({ outcome }) => outcome !== overtaken), ...(await this.write(lost, target, attempt + 1))];
    } catch (error) {
      // A slug that was free has been taken meanwhile, and the next look finds another one; or all connections are busy.
      const isPassing = isUniqueViolation(error) || error instanceof PoolExhaustedError;
      if (isPassing && attempt < ATTEMPTS) return this.write(rows, target, attempt + 1);
      const fault = faultOf(error);
      if (!fault) throw error;
      if (rows.length === 1) return [{ row: first, outcome: fault }];
      const half = Math.ceil(rows.length / 2);
      return [...(await this.write(rows.slice(0, half), target)), ...(await this.write(rows.slice(half), target))];
    }
  }

  private attempt(rows: readonly BatchRow[], target: BatchTarget): Promise<BatchResult[]> {
    if (target.isDryRun) return this.imports.reading((manager) => this.decide(manager, rows, target));
    return this.imports.writing(target.actorId, async (manager) => {
      const decided = await this.decide(manager, rows, target);
      const valuesOf = (wanted: Outcome): object[] =>
        decided.flatMap(({ outcome, values }) => (outcome === wanted && values ? [values] : []));
      // Changes before new products, in every import: two of them then wait in one order.
      const updated = await this.imports.update(manager, target.sql, valuesOf('updated'), target.ownerId);
      const created = await this.imports.insert(manager, target.sql, valuesOf('created'), target.ownerId);
      const isLost = ({ row: { draft }, outcome }: Decided): boolean =>
        (outcome === 'updated' && !updated.has(draft.line)) || (outcome === 'created' && !created.has(draft.line));
      return decided.map((one) => ({ row: one.row, outcome: isLost(one) ? overtaken : one.outcome }));
    });
  }

  private async decide(manager: EntityManager, rows: readonly BatchRow[], target: BatchTarget): Promise<Decided[]> {
    const compared = rows.map((row) => valuesOf(row));
    const states = await this.imports.classify(manager, target.sql, compared, target.ownerId);
    const byLine = new Map(states.map((state) => [state.line, state]));
    const wishes = rows.map((row) => wishedSlugs(row, byLine.get(row.draft.line), target.isSlugFirm));
    const taken = await this.imports.findTakenSlugs(manager, wishes.flat());
    return rows.map((row, index) => {
      const wished = wishes[index] ?? [];
      const slug = wished.find((choice) => !taken.has(choice));
      if (slug !== undefined) taken.add(slug);
      const isSlugTaken = wished.length > 0 && slug === undefined;
      return isSlugTaken ? { row, outcome: slugTaken } : decision(row, byLine.get(row.draft.line), slug);
    });
  }
}

/** What a slug may be chosen from; none where the present one stays. */
function wishedSlugs({ draft }: BatchRow, state: ProductState | undefined, isFirm: boolean): readonly string[] {
  const { slug, name, sku } = draft.values;
  if (isFirm && slug) return slug === state?.slug ? [] : [slug];
  return state ? [] : slugChoices(slug ?? slugOfName(name, sku), sku);
}

function decision(row: BatchRow, state: ProductState | undefined, slug: string | undefined): Decided {
  if (!state) return { row, outcome: 'created', values: { ...valuesOf(row), slug, category_id: row.place.id } };
  if (!state.is_own) return { row, outcome: notYours };
  if (state.is_sale_too_high) return { row, outcome: belowSalePrice };
  if (!state.is_changed && slug === undefined) return { row, outcome: 'unchanged' };
  return { row, outcome: 'updated', values: { ...valuesOf(row), slug, id: state.id } };
}

function valuesOf({ draft, place }: BatchRow): object {
  const { slug: _, ...values } = draft.values;
  return { ...values, line: draft.line, category_id: place.isDefault ? null : place.id };
}

const slugTaken: CellFault = { column: 'slug', message: 'is taken by another product' };
const notYours: CellFault = { column: 'sku', message: "is that of another seller's product" };
const belowSalePrice: CellFault = { column: 'price', message: 'is below the sale price that the product has; set that too' };
const overtaken: CellFault = { column: undefined, message: 'somebody else has changed the product at the same time; import it again' };

/** Undefined: it is not about the rows. */
function faultOf(error: unknown): CellFault | undefined {
  if (isUniqueViolation(error)) return slugTaken;
  if (isCheckViolation(error, 'products_sale_price_check')) return belowSalePrice;
  if (isForeignKeyViolation(error, 'products_category_id_fkey')) return { column: 'category', message: 'has been removed meanwhile' };
  return isRetryable(error) ? overtaken : undefined;
}
