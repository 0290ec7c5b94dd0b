import { createHash } from 'node:crypto';
import { hash } from '@node-rs/argon2';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { DEMO_PASSWORD, seedAccounts, seedCategories } from './accounts.js';
import { bulkLoad, tableNames } from './bulk-load.js';
import { readCatalogueData } from './catalogue/catalogue-data.js';
import { seedCommunity, seedReviews } from './community.js';
import { chanceFunctions, countsAt, type SeedContext } from './context.js';
import { seedOrderHistory, seedOrders } from './orders.js';
import { draftProducts, seedProducts } from './products.js';

export interface SeedOptions {
  readonly dataSource: DataSource;
  /** 1 is 50,000 products and 100,000 orders. */
  readonly scale: number;
  readonly seed: number;
  /** No row is younger. */
  readonly now: Date;
  /** Empties every table first. Without it, a database that holds a user or a product is left alone. */
  readonly force?: boolean;
  readonly onProgress?: (progress: SeedProgress) => void;
}

export interface SeedProgress {
  readonly part: string;
  /** Of the whole, from 0 to 1. */
  readonly ratio: number;
}

type Part = { readonly name: string; readonly weight: number; readonly run: (context: SeedContext) => Promise<void> };

/** In order; the weights are seconds of a run at scale 1, for the progress bar. */
const partsOf = (seed: number, now: Date): Part[] => [
  { name: 'accounts', weight: 0.3, run: seedAccounts },
  { name: 'categories', weight: 0.1, run: seedCategories },
  { name: 'product drafts', weight: 0.4, run: draftProducts },
  { name: 'orders', weight: 3.4, run: (context) => seedOrders(context, seed) },
  { name: 'order history', weight: 2.8, run: seedOrderHistory },
  { name: 'reviews', weight: 1.8, run: seedReviews },
  { name: 'products', weight: 3.6, run: seedProducts },
  { name: 'community', weight: 1.1, run: seedCommunity },
  {
    name: 'recommendations and search terms',
    weight: 1.9,
    run: async ({ query }) => {
      await query('SELECT refresh_product_popularity($1)', [now.toISOString()]);
      await query('SELECT refresh_product_affinity($1)', [now.toISOString()]);
      await query('SELECT refresh_search_terms()');
    },
  },
];

/** One transaction: other processes see all of it or nothing, and a crash leaves the database as it was. */
const forThisTransaction = [
  'SET LOCAL statement_timeout = 0',
  'SET LOCAL idle_in_transaction_session_timeout = 0',
  'SET LOCAL synchronous_commit = off',
  'SET LOCAL jit = off',
  `SET LOCAL work_mem = '128MB'`,
  `SET LOCAL maintenance_work_mem = '256MB'`,
  `SET LOCAL timezone = 'UTC'`,
];

/** True when there is a user or a product. */
export async function isSeeded({ manager }: Pick<DataSource, 'manager'>): Promise<boolean> {
  const [row] = await manager.query<{ found: boolean }[]>('SELECT EXISTS (SELECT FROM users) OR EXISTS (SELECT FROM products) AS found');
  return row?.found ?? false;
}

/** For production, which must not run with accounts whose password is public: all that were seeded, known by their reserved domains. */
export async function assertNoDemoAccounts(dataSource: DataSource): Promise<void> {
  const found = await dataSource.query<{ email: string }[]>(
    `SELECT email FROM users WHERE lower(email) LIKE '%@techmart.test' OR lower(email) LIKE '%@example.com' ORDER BY id LIMIT 3`,
  );
  const emails = found.map((user) => user.email).join(', ');
  if (found.length > 0) throw new Error(`seeded demo accounts are present (${emails} …): production refuses to run with them`);
}

/**
 * Fills an empty database, and answers whether it did. Every account it makes has a public password: never for production.
 * Measured on two cores: scale 1 in 22 s.
 */
export async function seedDatabase(options: SeedOptions): Promise<boolean> {
  const runner = options.dataSource.createQueryRunner();
  try {
    await runner.startTransaction();
    const isWritten = await seedInTransaction(runner.manager, options);
    await runner.commitTransaction();
    if (isWritten) await vacuum(runner);
    return isWritten;
  } catch (error) {
    if (runner.isTransactionActive) await runner.rollbackTransaction();
    throw error;
  } finally {
    await runner.release();
  }
}

async function seedInTransaction(manager: EntityManager, options: SeedOptions): Promise<boolean> {
  for (const statement of forThisTransaction) await manager.query(statement);
  // Several processes may start on the same empty database: the first one seeds it, the others find it full.
  await manager.query(`SELECT pg_advisory_xact_lock(hashtextextended('techmart.seed', 0))`);
  if (!options.force && (await isSeeded({ manager }))) return false;
  const tables = await tableNames(manager);
  await manager.query(`TRUNCATE ${tables.join(', ')} RESTART IDENTITY`);
  for (const statement of chanceFunctions(options.seed)) await manager.query(statement);
  const report = reporter(partsOf(options.seed, options.now), options);
  const context = await contextOf(manager, options);
  await bulkLoad(manager, tables, async () => {
    for (const part of report.parts) {
      report.at(part, 0);
      await part.run({ ...context, report: (ratio) => report.at(part, ratio) });
      report.finish(part);
    }
    options.onProgress?.({ part: 'indexes', ratio: LOAD_RATIO });
  });
  await continueIdentities(manager, tables);
  await manager.query('DISCARD TEMP');
  options.onProgress?.({ part: 'done', ratio: 1 });
  return true;
}

async function contextOf(manager: EntityManager, { scale, seed, now }: SeedOptions): Promise<Omit<SeedContext, 'report'>> {
  const salt = createHash('sha256').update(`techmart seed ${seed}`).digest().subarray(0, 16);
  return {
    query: (sql, parameters) => manager.query(sql, parameters ? [...parameters] : undefined),
    counts: countsAt(scale),
    data: await readCatalogueData(),
    now,
    passwordHash: await hash(DEMO_PASSWORD, { memoryCost: 19_456, timeCost: 2, parallelism: 1, salt }),
  };
}

/** The indexes that are built at the end are a fifth of the work. */
const LOAD_RATIO = 0.8;

function reporter(parts: readonly Part[], { onProgress }: SeedOptions) {
  const total = parts.reduce((sum, part) => sum + part.weight, 0);
  let done = 0;
  const at = (part: Part, ratio: number) => onProgress?.({ part: part.name, ratio: (LOAD_RATIO * (done + ratio * part.weight)) / total });
  const finish = (part: Part) => {
    done += part.weight;
  };
  return { parts, at, finish };
}

async function continueIdentities(manager: EntityManager, tables: readonly string[]): Promise<void> {
  for (const table of tables) {
    const [sequence] = await manager.query<{ name: string | null }[]>(
      `SELECT pg_get_serial_sequence($1, attname) AS name FROM pg_attribute WHERE attrelid = $1::regclass AND attidentity <> ''`,
      [table],
    );
    if (sequence) await manager.query(`SELECT setval($1, coalesce(max(id), 1), max(id) IS NOT NULL) FROM ${table}`, [sequence.name]);
  }
}

/** Statistics for the planner, and the visibility map that index-only scans need. */
async function vacuum(runner: QueryRunner): Promise<void> {
  const tables = await tableNames(runner.manager);
  await runner.query('SET statement_timeout = 0');
  await runner.query(`VACUUM (ANALYZE) ${tables.join(', ')}`);
  await runner.query('RESET statement_timeout');
}
