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

interface DebianPostgres extends TestDatabase {
  /** A copy that follows it under a name, in hot standby. It ends with this one at the latest. */
  startStandby(name: string): Promise<TestDatabase>;
}

/** A folder for a cluster, and the programs that work in it. */
async function makePlace() {
  const folder = mkdtempSync('/var/tmp/techmart-debian-');
  const owner = await account();
  const give = (path: string): void => {
    if (owner) chownSync(path, owner.uid, owner.gid);
  };
  chmodSync(folder, 0o700);
  give(folder);
  const data = join(folder, 'data');
  const program = (name: string, ...parameters: string[]) => run(join(debianBinaries, name), parameters, { ...owner, cwd: folder });
  const server = (...parameters: string[]) => program('pg_ctl', '-D', data, '-w', ...parameters);
  const start = async (more = ''): Promise<string> => {
    const port = await freePort();
    const options = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off ${more}`;
    await server('-l', join(folder, 'log'), '-o', options, 'start');
    return `postgres://techmart:test@127.0.0.1:${port}/postgres`;
  };
  const end = async (): Promise<void> => {
    await server('-m', 'immediate', 'stop');
    rmSync(folder, { recursive: true, force: true });
  };
  let ending: Promise<void> | undefined;
  const drop = () => (ending ??= end());
  return { folder, give, data, program, start, drop };
}

async function startStandby(primaryUrl: string, name: string): Promise<TestDatabase> {
  const { data, program, start, drop } = await makePlace();
  await program('pg_basebackup', '-d', `${primaryUrl}?application_name=${name}`, '-D', data, '-R', '-X', 'stream', '-c', 'fast');
  // Unless something happens, a standby tells how far it is every ten seconds.
  return { url: await start('-c wal_receiver_status_interval=1s'), drop };
}

/** A migrated and empty database on a cluster of its own, which ends with it. */
export async function startDebianPostgres(): Promise<DebianPostgres> {
  const { folder, give, data, program, start, drop } = await makePlace();
  const password = join(folder, 'password');
  writeFileSync(password, 'test\n');
  give(password);
  const users = ['-U', 'techmart', '--pwfile', password, '--auth', 'scram-sha-256'];
  await program('initdb', '-D', data, ...users, '-E', 'UTF8', '--locale', 'C');
  const url = await start();
  await migrate(url);
  const standbys: TestDatabase[] = [];
  return {
    url,
    startStandby: async (name) => {
      const standby = await startStandby(url, name);
      standbys.push(standby);
      return standby;
    },
    drop: async () => {
      await Promise.all(standbys.map((standby) => standby.drop()));
      await drop();
    },
  };
}
