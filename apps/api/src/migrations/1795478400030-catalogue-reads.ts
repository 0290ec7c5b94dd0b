import type { MigrationInterface, QueryRunner } from 'typeorm';

// The pages of a category are made of the first rows of each leaf below it: one index for each order, as for the whole list. The one by
// name also covers what facets and counts read, so that they leave the table alone. No sale changes a column of them.
const byName = `
  idx_product_category_name ON products (category_id, name, id)
  INCLUDE (effective_price, created_at, rating_average, brand, is_featured) WHERE is_active`;
const byPrice = `idx_product_category_price ON products (category_id, effective_price, id) WHERE is_active`;
const byAge = `idx_product_category_created ON products (category_id, created_at, id) WHERE is_active`;
const byRating = `
  idx_product_category_rating ON products (category_id, (coalesce(rating_average, 0)), id) INCLUDE (rating_average) WHERE is_active`;

// Only products on sale are searched for: the index says so, and their rows are not looked at for it.
const search = `idx_product_search_active ON products USING gin (search_vector) WITH (gin_pending_list_limit = 256) WHERE is_active`;

// Names and brands alone: what a word that most descriptions hold is looked for in first.
const titles = `
  idx_product_search_titles ON products USING gin (ts_filter(search_vector, '{a,b}')) WITH (gin_pending_list_limit = 256) WHERE is_active`;

const definitions = [byName, byPrice, byAge, byRating, search, titles];
const nameOf = (definition: string): string => definition.trim().split(' ')[0] ?? '';

// The covering index saves visits of pages that are known to be all visible; a vacuum after each twentieth of the rows keeps them so.
const vacuumOften = 'ALTER TABLE products SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05)';

const searchAll = `idx_product_search ON products USING gin (search_vector) WITH (gin_pending_list_limit = 256)`;

export class CatalogueReads1795478400030 implements MigrationInterface {
  readonly name = 'CatalogueReads1795478400030';
  /** Concurrent index builds cannot run in one. */
  readonly transaction = false;

  /** What a broken run has left is invalid, and made again. */
  async up(runner: QueryRunner): Promise<void> {
    for (const index of definitions) {
      await runner.query(`DROP INDEX CONCURRENTLY IF EXISTS ${nameOf(index)}`);
      await runner.query(`CREATE INDEX CONCURRENTLY ${index}`);
    }
    await runner.query('DROP INDEX CONCURRENTLY IF EXISTS idx_product_search');
    await runner.query(vacuumOften);
    // Statistics of what is indexed, without which a search for a rare name would be taken for one of a frequent one.
    await runner.query('ANALYZE products');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE products RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_insert_scale_factor)');
    await runner.query(`CREATE INDEX IF NOT EXISTS ${searchAll}`);
    await runner.query(`DROP INDEX IF EXISTS ${definitions.map(nameOf).join(', ')}`);
  }
}
