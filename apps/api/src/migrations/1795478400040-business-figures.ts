import type { MigrationInterface, QueryRunner } from 'typeorm';

// One row: the figures that a worker computed last, for every replica to show.
const figures = `
  CREATE TABLE business_figures (
    id boolean PRIMARY KEY DEFAULT true,
    figures jsonb NOT NULL,
    computed_at timestamptz NOT NULL,
    CONSTRAINT business_figures_one_row CHECK (id)
  )`;

export class BusinessFigures1795478400040 implements MigrationInterface {
  readonly name = 'BusinessFigures1795478400040';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(figures);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE business_figures');
  }
}
