import { Command, InvalidArgumentError } from 'commander';
import { openDatabase, withMaintenanceConnection } from './app.database.js';
import { ConfigError, loadConfig, type Config } from './config.js';
import { createLogger } from './logger.js';
import { runMigrations } from './migrations/run-migrations.js';
import { DEMO_PASSWORD, demoAccounts } from './seed/accounts.js';
import { showProgress } from './seed/progress.js';
import { seedDatabase } from './seed/seed.js';

interface Options {
  readonly scale?: number;
  readonly seed?: number;
  readonly now: Date;
  readonly force: boolean;
}

function number(text: string, isAllowed: (value: number) => boolean, expected: string): number {
  const value = Number(text);
  if (text.trim() === '' || !isAllowed(value)) throw new InvalidArgumentError(`${expected} is expected`);
  return value;
}

const scale = (text: string) => number(text, (value) => value > 0 && value <= 20, 'a number above 0, 20 at most');
const seedNumber = (text: string) =>
  number(text, (value) => Number.isInteger(value) && value >= 0 && value < 2 ** 31, 'a whole number from 0 to 2147483647');

function instant(text: string): Date {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) throw new InvalidArgumentError('an ISO 8601 date and time is expected');
  return date;
}

async function seed(options: Options): Promise<void> {
  const config = loadConfig();
  if (config.mode === 'production') throw new Error('seed data holds demo accounts with a public password: refused in production');
  const database = await openDatabase(config, createLogger(config), { mayShare: true });
  try {
    await withMaintenanceConnection(database, async (dataSource) => {
      await runMigrations(dataSource);
      await fill(dataSource, options, config.seed);
    });
  } finally {
    await database.stop();
  }
}

async function fill(dataSource: Parameters<typeof runMigrations>[0], options: Options, defaults: Config['seed']): Promise<void> {
  const startedAt = performance.now();
  const progress = showProgress(process.stdout);
  const given = {
    scale: options.scale ?? (defaults.scale || 1),
    seed: options.seed ?? defaults.number,
    now: options.now,
    force: options.force,
  };
  const isWritten = await seedDatabase({ dataSource, ...given, onProgress: progress.update }).finally(progress.stop);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  process.stdout.write(
    isWritten
      ? `seeded scale ${given.scale}, seed ${given.seed}, as of ${given.now.toISOString()} in ${seconds} s\nlog in as ${demoAccounts.join(', ')} with ${DEMO_PASSWORD}\n`
      : 'the database is not empty and was left as it is; --force empties it first\n',
  );
}

const command = new Command('seed')
  .description('Fills the database with believable data, the same for the same --seed and --now.')
  .option('--scale <number>', '1 is 50,000 products and 100,000 orders; default SEED_SCALE', scale)
  .option('--seed <number>', 'of the random choices; default SEED_NUMBER', seedNumber)
  .option('--now <time>', 'no row is younger, and "today" is its day (UTC)', instant, new Date())
  .option('--force', 'empty every table first', false)
  .action((options: Options) => seed(options));

command.parseAsync().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof ConfigError ? 2 : 1;
});
