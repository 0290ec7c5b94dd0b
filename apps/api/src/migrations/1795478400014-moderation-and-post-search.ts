import type { MigrationInterface, QueryRunner } from 'typeorm';

// Those that wait stand before those that were rejected, each by age. It takes the place of the index on age alone.
const queue = `idx_review_queue ON reviews ((moderated_at IS NOT NULL), created_at, id) WHERE NOT is_approved`;
const age = `idx_review_unapproved ON reviews (created_at, id) WHERE NOT is_approved`;

// An expression, not a column: adding a stored one would rewrite the table while it is in use.
const search = `idx_post_search ON posts USING gin (to_tsvector('techmart', title || ' ' || body)) WITH (gin_pending_list_limit = 256)`;

export class ModerationAndPostSearch1795478400014 implements MigrationInterface {
  readonly name = 'ModerationAndPostSearch1795478400014';
  /** Concurrent index builds cannot run in one. */
  readonly transaction = false;

  /** What a broken run has left is invalid, and made again. */
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX CONCURRENTLY IF EXISTS idx_review_queue');
    await runner.query('DROP INDEX CONCURRENTLY IF EXISTS idx_post_search');
    await runner.query(`CREATE INDEX CONCURRENTLY ${queue}`);
    await runner.query(`CREATE INDEX CONCURRENTLY ${search}`);
    await runner.query('DROP INDEX CONCURRENTLY IF EXISTS idx_review_unapproved');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE INDEX IF NOT EXISTS ${age}`);
    await runner.query('DROP INDEX IF EXISTS idx_post_search, idx_review_queue');
  }
}
