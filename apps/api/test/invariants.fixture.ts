import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EntityManager } from 'typeorm';
import type { Json, TestApp } from './app.harness.js';

export const invariants = readFileSync(join(__dirname, 'invariants.sql'), 'utf8');

export interface Violation extends Json {
  readonly rule: string;
  readonly broken_by: string;
  readonly detail: string | null;
}

/** What breaks a rule, as the caller's transaction sees it; events are asked for of what happened since the application started. */
export async function violationsWithin(manager: EntityManager, { startedAt }: Pick<TestApp, 'startedAt'>): Promise<Violation[]> {
  await manager.query(`SELECT set_config('techmart.events_since', $1, true)`, [startedAt.toISOString()]);
  return manager.query(invariants);
}

export const violations = (app: TestApp): Promise<Violation[]> => app.dataSource.transaction((manager) => violationsWithin(manager, app));

export async function expectSoundBooks(app: TestApp): Promise<void> {
  expect(await violations(app)).toEqual([]);
}
