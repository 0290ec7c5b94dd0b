import { createDataSource, EmbeddedPostgres, type DatabaseOptions } from '@app/database';
import { join } from 'node:path';
import type { Logger as Pino } from 'pino';
import type { Config } from './config.js';
import { migrations } from './migrations/index.js';
import { assertNoDemoAccounts, isSeeded, seedDatabase } from './seed/seed.js';

export interface RunningDatabase {
  readonly url: string;
  /** The server itself, for what needs a session of its own; `url` may be a pooler. */
  readonly directUrl: string;
  stop(): Promise<void>;
}

export function databaseOptions(config: Config, url: string): DatabaseOptions {
  const { poolSize, acquireTimeoutMs, statementTimeoutMs, idleTimeoutMs } = config.database;
  return { url, poolSize, acquireTimeoutMs, statementTimeoutMs, idleTimeoutMs, applicationName: 'techmart' };
}

/** The configured server, or the embedded one, which is ours to stop. */
export async function openDatabase(config: Config, logger: Pino): Promise<RunningDatabase> {
  const { url, directUrl } = config.database;
  if (url !== undefined) return { url, directUrl: directUrl ?? url, stop: () => Promise.resolve() };
  const server = new EmbeddedPostgres({ dataDir: join(config.dataDir, 'postgres'), log: (line) => logger.info(line) });
  const { url: embedded } = await server.start();
  return { url: embedded, directUrl: embedded, stop: () => server.stop() };
}

/** One connection without a statement time limit, for work that is not a request. */
export async function withMaintenanceConnection<T>(
  database: RunningDatabase,
  work: (dataSource: ReturnType<typeof createDataSource>) => Promise<T>,
): Promise<T> {
  const dataSource = createDataSource({
    url: database.directUrl,
    poolSize: 2,
    acquireTimeoutMs: 30_000,
    statementTimeoutMs: 0,
    idleTimeoutMs: 0,
    applicationName: 'techmart-maintenance',
    migrations,
  });
  await dataSource.initialize();
  try {
    return await work(dataSource);
  } finally {
    await dataSource.destroy();
  }
}

/** Brings the schema up to date and, outside production, fills an empty database. Safe to run from several replicas at once. */
export async function prepareDatabase(config: Config, database: RunningDatabase, logger: Pino): Promise<void> {
  await withMaintenanceConnection(database, async (dataSource) => {
    if (config.database.migrateOnStart) {
      const applied = await dataSource.runMigrations({ transaction: 'each' });
      if (applied.length > 0) logger.info(`${applied.length} migrations applied`);
    }
    if (config.mode === 'production') return assertNoDemoAccounts(dataSource);
    if (config.seed.scale === 0 || (await isSeeded(dataSource))) return;
    await seedDatabase({ dataSource, scale: config.seed.scale, seed: config.seed.number, now: new Date() });
  });
}
