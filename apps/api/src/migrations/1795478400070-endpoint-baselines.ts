import type { MigrationInterface, QueryRunner } from 'typeorm';

const baselines = `
  CREATE TABLE endpoint_baselines (
    endpoint text PRIMARY KEY,
    p95_ms double precision NOT NULL CHECK (p95_ms >= 0),
    request_count bigint NOT NULL CHECK (request_count > 0),
    updated_at timestamptz NOT NULL DEFAULT now()
  )`;

// Figures that the profiler shows beside its own; it works without them. Making the extension needs a superuser and its files.
const statistics = `
  DO $$ BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_stat_statements;
  EXCEPTION WHEN OTHERS THEN
    RAISE NOTICE 'pg_stat_statements is not available: %', SQLERRM;
  END $$`;

export class EndpointBaselines1795478400070 implements MigrationInterface {
  readonly name = 'EndpointBaselines1795478400070';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(baselines);
    await runner.query(statistics);
  }

  /** The extension stays: it may have been there before. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE endpoint_baselines');
  }
}
