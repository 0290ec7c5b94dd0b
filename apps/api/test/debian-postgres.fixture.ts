import { execFile } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../../../libs/common/test/free-port.js';
import { migrations } from '../src/migrations/index.js';
import { runMigrations } from '../src/migrations/run-migrations.js';
import { createDataSource } from '@app/database';
import type { TestDatabase } from './setup/test-database.js';

const run = promisify(execFile);

/** Debian's PostgreSQL 15, for what the embedded server does not have. */
export const debianBinaries = '/usr/lib/postgresql/15/bin';

/** PostgreSQL refuses to run as root. */
async function account(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const [uid, gid] = await Promise.all(['-u', '-g'].map(async (flag) => Number((await run('id', [flag, 'postgres'])).stdout)));
  return { uid: uid ?? 0, gid: gid ?? 0 };
}

async function migrate(url: string): Promise<void> {
  const times = { acquireTimeoutMs: 60_000, statementTimeoutMs: 0, idleTimeoutMs: 0 };
  const dataSource = createDataSource({ url, poolSize: 2, ...times, applicationName: 'techmart-tests', migrations });
  await dataSource.initialize();
  await runMigrations(dataSource);
  await dataSource.destroy();
}

/** A migrated and empty database on a cluster of its own, which ends with it. */
export async function startDebianPostgres(): Promise<TestDatabase> {
  const folder = mkdtempSync('/var/tmp/techmart-debian-');
  const owner = await account();
  const [data, password] = [join(folder, 'data'), join(folder, 'password')];
  writeFileSync(password, 'test\n');
  chmodSync(folder, 0o700);
  if (owner) for (const path of [folder, password]) chownSync(path, owner.uid, owner.gid);
  const as = { ...owner, cwd: folder };
  await run(
    join(debianBinaries, 'initdb'),
    ['-D', data, '-U', 'techmart', '--pwfile', password, '--auth', 'scram-sha-256', '-E', 'UTF8', '--locale', 'C'],
    as,
  );
  const port = await freePort();
  const options = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off`;
  const server = (...parameters: string[]) => run(join(debianBinaries, 'pg_ctl'), ['-D', data, '-w', ...parameters], as);
  await server('-l', join(folder, 'log'), '-o', options, 'start');
  const url = `postgres://techmart:test@127.0.0.1:${port}/postgres`;
  await migrate(url);
  return {
    url,
    drop: async () => {
      await server('-m', 'immediate', 'stop');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
