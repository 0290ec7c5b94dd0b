import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import { cacheTags } from '../../cache/cache-types.js';
import { Invalidations } from '../../cache/invalidations.js';
import type { CategoryRow } from './categories/category-directory.js';
import { categories, claimLease, endLease, type ImportSql } from './import.sql.js';

/** How a product stands that a row names by its SKU. */
export interface ProductState {
  readonly line: number;
  readonly id: number;
  readonly slug: string;
  readonly is_own: boolean;
  readonly is_changed: boolean;
  readonly is_sale_too_high: boolean;
}

type Rows = readonly object[];

const lease = (userId: number): string => `product-import:${userId}`;

@Injectable()
export class ImportRepository {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly invalidations: Invalidations,
  ) {}

  /** A short transaction; changes of stock in it are entered in the ledger as the actor's import. */
  writing<T>(actorId: number, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.dataSource.transaction(async (manager) => {
      const cause = `SELECT set_config('techmart.stock_cause', 'import', true), set_config('techmart.stock_actor_id', $1, true)`;
      await manager.query(cause, [String(actorId)]);
      return work(manager);
    });
  }

  /** A transaction in which the server refuses to write. */
  reading<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.dataSource.transaction(async (manager) => {
      await manager.query('SET TRANSACTION READ ONLY');
      return work(manager);
    });
  }

  findCategories(): Promise<CategoryRow[]> {
    return this.dataSource.query(categories);
  }

  classify(manager: EntityManager, sql: ImportSql, rows: Rows, ownerId: number | null): Promise<ProductState[]> {
    return manager.query(sql.classify, [JSON.stringify(rows), ownerId]);
  }

  async findTakenSlugs(manager: EntityManager, slugs: readonly string[]): Promise<Set<string>> {
    if (slugs.length === 0) return new Set();
    const rows = await manager.query<{ slug: string }[]>('SELECT slug FROM products WHERE slug = ANY ($1)', [slugs]);
    return new Set(rows.map(({ slug }) => slug));
  }

  /** The lines that were written. The others' products are gone, or have become another seller's, since they were looked at. */
  update(manager: EntityManager, sql: ImportSql, rows: Rows, ownerId: number | null): Promise<Set<number>> {
    const hasSlugs = rows.some((row) => 'slug' in row && row.slug !== undefined);
    return this.lines(manager, hasSlugs ? sql.updateWithSlugs : sql.update, rows, ownerId);
  }

  /** The lines that were written. The others' SKUs have come into being since they were looked at. */
  insert(manager: EntityManager, sql: ImportSql, rows: Rows, sellerId: number | null): Promise<Set<number>> {
    return this.lines(manager, sql.insert, rows, sellerId);
  }

  /** Also renews it, for the same holder. False: the user has another import running. */
  async claimTurn(userId: number, holder: string): Promise<boolean> {
    const rows = await this.dataSource.query<unknown[]>(claimLease, [lease(userId), holder]);
    return rows.length > 0;
  }

  async endTurn(userId: number, holder: string): Promise<void> {
    await this.dataSource.query(endLease, [lease(userId), holder]);
  }

  private async lines(manager: EntityManager, sql: string, rows: Rows, sellerId: number | null): Promise<Set<number>> {
    if (rows.length === 0) return new Set();
    const written = await manager.query<{ line: number; id: number }[]>(sql, [JSON.stringify(rows), sellerId]);
    const { product, catalogue, categories: tree } = cacheTags;
    if (written.length > 0) await this.invalidations.after(manager, catalogue, tree, ...written.map(({ id }) => product(id)));
    return new Set(written.map(({ line }) => line));
  }
}
