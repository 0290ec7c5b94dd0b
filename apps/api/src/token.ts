import { Command, InvalidArgumentError, Option } from 'commander';
import { openDatabase, withMaintenanceConnection } from './app.database.js';
import { AccessTokens } from './auth/access-token.js';
import { mintTokens } from './auth/mint-tokens.js';
import { ConfigError, loadConfig } from './config.js';
import { withDevelopmentSecrets } from './development-secrets.js';
import type { Role } from './http/access.js';
import { createLogger } from './logger.js';

interface Options {
  readonly role: Role;
  readonly count: number;
}

const mostTokens = 100_000;

function tokenCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > mostTokens)
    throw new InvalidArgumentError(`a whole number from 1 to ${mostTokens} is expected`);
  return count;
}

async function mint({ role, count }: Options): Promise<string[]> {
  const given = loadConfig();
  if (given.mode === 'production') throw new Error('tokens are given to whoever asks: refused in production');
  const config = await withDevelopmentSecrets(given);
  const { jwtKeys, accessTokenTtlS } = config.auth;
  // The tokens are what this program prints: everything else is kept off its output.
  const database = await openDatabase(config, createLogger({ log: { level: 'silent', pretty: false } }), { mayShare: true });
  try {
    return await withMaintenanceConnection(database, (dataSource) =>
      mintTokens(dataSource, new AccessTokens(jwtKeys, accessTokenTtlS), { role, count, lifetimeS: accessTokenTtlS }),
    );
  } finally {
    await database.stop();
  }
}

const command = new Command('token')
  .description('Prints access tokens for load tests, one a line. They live as long as any other (ACCESS_TOKEN_TTL_S).')
  .addOption(new Option('--role <role>', 'whose').choices(['customer', 'seller', 'admin']).default('customer'))
  .option('--count <number>', 'how many', tokenCount, 1)
  .action(async (options: Options) => {
    process.stdout.write(`${(await mint(options)).join('\n')}\n`);
  });

command.parseAsync().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof ConfigError ? 2 : 1;
});
