import { Command, InvalidArgumentError } from 'commander';
import { openDatabase, withMaintenanceConnection } from './app.database.js';
import { ConfigError, loadConfig } from './config.js';
import { createLogger } from './logger.js';
import { runMigrations, undoMigrations } from './migrations/run-migrations.js';

function positive(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError('a whole number from 1 on is expected');
  return count;
}

async function migrate(undo: number | undefined): Promise<void> {
  const config = loadConfig();
  const database = await openDatabase(config, createLogger(config), { mayShare: true });
  try {
    await withMaintenanceConnection(database, async (dataSource) => {
      if (undo !== undefined) return undoMigrations(dataSource, undo);
      const applied = await runMigrations(dataSource);
      process.stdout.write(applied.length > 0 ? `applied: ${applied.join(', ')}\n` : 'the schema is up to date\n');
    });
  } finally {
    await database.stop();
  }
}

const command = new Command('migrate')
  .description('Brings the database schema up to date.')
  .option('--undo <count>', 'take back the last migrations instead', positive)
  .action((options: { undo?: number }) => migrate(options.undo));

command.parseAsync().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof ConfigError ? 2 : 1;
});
