import type { MigrationInterface, QueryRunner } from 'typeorm';

const added = {
  // The dispatcher's queue, in order, without those that were given up.
  idx_outbox_waiting: 'outbox (id) WHERE delivered_at IS NULL AND dead_at IS NULL',
  // The few that failed: what their aggregates wait for.
  idx_outbox_retrying: `outbox (aggregate_type, aggregate_id, next_attempt_at)
    WHERE delivered_at IS NULL AND dead_at IS NULL AND next_attempt_at IS NOT NULL`,
  // How many were given up, and retention.
  idx_outbox_dead: 'outbox (dead_at) WHERE dead_at IS NOT NULL',
  // The sender's queues, one for each webhook.
  idx_webhook_delivery_queue: `webhook_deliveries (webhook_id, next_attempt_at, outbox_id) WHERE status = 'pending'`,
  // What a delivery has to wait for: the earlier ones of the same aggregate.
  idx_webhook_delivery_lane: `webhook_deliveries (webhook_id, aggregate_type, aggregate_id, outbox_id) WHERE status = 'pending'`,
  // Dead letters of a webhook, newest first.
  idx_webhook_delivery_dead: `webhook_deliveries (webhook_id, id) WHERE status = 'dead'`,
};

const replaced = {
  idx_outbox_undelivered: 'outbox (id) WHERE delivered_at IS NULL',
  idx_webhook_delivery_due: `webhook_deliveries (next_attempt_at, id) WHERE status = 'pending'`,
};

export class EventQueues1795478400026 implements MigrationInterface {
  readonly name = 'EventQueues1795478400026';
  /** Concurrent index builds cannot run in one. */
  readonly transaction = false;

  /** What a broken run has left is invalid, and made again. */
  async up(runner: QueryRunner): Promise<void> {
    for (const [name, definition] of Object.entries(added)) {
      await runner.query(`DROP INDEX CONCURRENTLY IF EXISTS ${name}`);
      await runner.query(`CREATE INDEX CONCURRENTLY ${name} ON ${definition}`);
    }
    for (const name of Object.keys(replaced)) await runner.query(`DROP INDEX CONCURRENTLY IF EXISTS ${name}`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const [name, definition] of Object.entries(replaced)) await runner.query(`CREATE INDEX IF NOT EXISTS ${name} ON ${definition}`);
    await runner.query(`DROP INDEX IF EXISTS ${Object.keys(added).join(', ')}`);
  }
}
