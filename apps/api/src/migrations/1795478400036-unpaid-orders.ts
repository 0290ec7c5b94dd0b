import type { MigrationInterface, QueryRunner } from 'typeorm';

// The worker expires orders whose payment failed too, which the first index left out: it read every order of the shop instead.
const unpaid = `idx_order_unpaid_pending ON orders (created_at) WHERE status = 'pending' AND (payment_status = 'pending' OR payment_status = 'failed')`;
const before = `idx_order_unpaid ON orders (created_at) WHERE status = 'pending' AND payment_status = 'pending'`;

export class UnpaidOrders1795478400036 implements MigrationInterface {
  readonly name = 'UnpaidOrders1795478400036';
  /** Concurrent index builds cannot run in one. */
  readonly transaction = false;

  /** What a broken run has left is invalid, and made again. */
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX CONCURRENTLY IF EXISTS idx_order_unpaid_pending');
    await runner.query(`CREATE INDEX CONCURRENTLY ${unpaid}`);
    await runner.query('DROP INDEX CONCURRENTLY IF EXISTS idx_order_unpaid');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE INDEX IF NOT EXISTS ${before}`);
    await runner.query('DROP INDEX IF EXISTS idx_order_unpaid_pending');
  }
}
