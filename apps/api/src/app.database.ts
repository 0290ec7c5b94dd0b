import { createDataSource, EmbeddedPostgres, findRunning, type DatabaseOptions } from '@app/database';
import { join } from 'node:path';
import type { Logger as Pino } from 'pino';
import type { DataSource } from 'typeorm';
import type { Config } from './config.js';
import { migrations } from './migrations/index.js';
import { runMigrations } from './migrations/run-migrations.js';
import { DEMO_PASSWORD, demoAccounts } from './seed/accounts.js';
import { showProgress } from './seed/progress.js';
import { assertNoDemoAccounts, isSeeded, seedDatabase } from './seed/seed.js';

export interface RunningDatabase {
  readonly url: string;
  /** The server itself, for what needs a session of its own; `url` may be a pooler. */
  readonly directUrl: string;
  stop(): Promise<void>;
}

export function databaseOptions(config: Config, url: string): DatabaseOptions {
  const { poolSize, acquireTimeoutMs, statementTimeoutMs, idleTimeoutMs, url: pooled, directUrl } = config.database;
  const { isEnabled, slowQueryMs: slowMs, sampleRate } = config.profiling;
  // A pooler would hand the session's settings on to others.
  const plans = isEnabled && sampleRate > 0 && pooled === directUrl ? { slowMs, sampleRate } : undefined;
  return { url, poolSize, acquireTimeoutMs, statementTimeoutMs, idleTimeoutMs, applicationName: 'techmart', plans };
}

interface OpenOptions {
  /** For the small programs: an embedded server that the application runs already will do. */
  readonly mayShare?: boolean;
}

/** The configured server, or the embedded one, which is ours to stop unless another process runs it. */
export async function openDatabase(config: Config, logger: Pino, { mayShare = false }: OpenOptions = {}): Promise<RunningDatabase> {
  const { url, directUrl } = config.database;
  if (url !== undefined) return { url, directUrl: directUrl ?? url, stop: () => Promise.resolve() };
  const dataDir = join(config.dataDir, 'postgres');
  const running = mayShare ? findRunning(dataDir) : undefined;
  if (running) return { url: running.url, directUrl: running.url, stop: () => Promise.resolve() };
  const server = new EmbeddedPostgres({ dataDir, log: (line) => logger.info(line) });
  const { url: embedded } = await server.start();
  return { url: embedded, directUrl: embedded, stop: () => server.stop() };
}

/** One connection without a statement time limit, for work that is not a request. */
export async function withMaintenanceConnection<T>(database: RunningDatabase, work: (dataSource: DataSource) => Promise<T>): Promise<T> {
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
      const applied = await runMigrations(dataSource);
      if (applied.length > 0) logger.info(`migrations applied: ${applied.join(', ')}`);
    }
    if (config.mode === 'production') return assertNoDemoAccounts(dataSource);
    if (config.seed.scale === 0 || (await isSeeded(dataSource))) return;
    await seed(config, dataSource, logger);
  });
}

async function seed(config: Config, dataSource: DataSource, logger: Pino): Promise<void> {
  const startedAt = performance.now();
  const progress = showProgress(process.stdout);
  const { scale, number } = config.seed;
  const work = seedDatabase({ dataSource, scale, seed: number, now: new Date(), onProgress: progress.update });
  if (!(await work.finally(progress.stop))) return;
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  logger.info(`seeded at scale ${scale} in ${seconds} s; log in as ${demoAccounts.join(', ')} with ${DEMO_PASSWORD}`);
}
