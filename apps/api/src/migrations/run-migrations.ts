import { setTimeout as sleep } from 'node:timers/promises';
import type { DataSource, QueryRunner } from 'typeorm';

const RETRY_MS = 200;
const lockKey = `hashtextextended('techmart.migrations', 0)`;

/**
 * Brings the schema up to date and names what it ran. Of several processes that start at once one migrates; the others wait and find
 * nothing left to do. Takes two connections, which must be sessions of the server itself, not of a pooler in transaction mode.
 */
export function runMigrations(dataSource: DataSource): Promise<string[]> {
  return alone(dataSource, async () => {
    const applied = await dataSource.runMigrations({ transaction: 'each' });
    return applied.map((migration) => migration.name);
  });
}

/** Takes back the last `count` migrations that ran, newest first. */
export function undoMigrations(dataSource: DataSource, count: number): Promise<void> {
  return alone(dataSource, async () => {
    for (let undone = 0; undone < count; undone += 1) await dataSource.undoLastMigration({ transaction: 'each' });
  });
}

async function alone<T>(dataSource: DataSource, work: () => Promise<T>): Promise<T> {
  const session = dataSource.createQueryRunner();
  try {
    await lock(session);
    return await work();
  } finally {
    // A lock that was not taken is no error here, only a warning in the server's log.
    await session.query(`SELECT pg_advisory_unlock(${lockKey})`).catch(() => undefined);
    await session.release();
  }
}

/** Asks again rather than waits: a statement that waits holds a snapshot, for which CREATE INDEX CONCURRENTLY would wait in turn. */
async function lock(session: QueryRunner): Promise<void> {
  for (;;) {
    const [row] = await session.manager.query<{ taken: boolean }[]>(`SELECT pg_try_advisory_lock(${lockKey}) AS taken`);
    if (row?.taken) return;
    await sleep(RETRY_MS);
  }
}
