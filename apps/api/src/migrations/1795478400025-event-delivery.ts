import type { MigrationInterface, QueryRunner } from 'typeorm';

// Null until an event has failed: a failure, and nothing else, is in the index of those that wait for another try.
const outbox = `
  ALTER TABLE outbox ADD COLUMN next_attempt_at timestamptz, ADD COLUMN dead_at timestamptz,
    ADD CONSTRAINT outbox_dead_check CHECK (dead_at IS NULL OR delivered_at IS NULL)`;

// A delivery knows what it tells of, so that the next one of each thing is found without reading the events.
const deliveries = `
  ALTER TABLE webhook_deliveries ADD COLUMN aggregate_type varchar(30), ADD COLUMN aggregate_id bigint`;

const fill = `
  UPDATE webhook_deliveries d SET aggregate_type = o.aggregate_type, aggregate_id = o.aggregate_id FROM outbox o WHERE o.id = d.outbox_id`;

const obligatory = `
  ALTER TABLE webhook_deliveries ALTER COLUMN aggregate_type SET NOT NULL, ALTER COLUMN aggregate_id SET NOT NULL`;

export class EventDelivery1795478400025 implements MigrationInterface {
  readonly name = 'EventDelivery1795478400025';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [outbox, deliveries, fill, obligatory]) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE webhook_deliveries DROP COLUMN aggregate_type, DROP COLUMN aggregate_id');
    await runner.query('ALTER TABLE outbox DROP COLUMN next_attempt_at, DROP COLUMN dead_at');
  }
}
