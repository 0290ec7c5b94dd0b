import { createDataSource } from '@app/database';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { DataSource } from 'typeorm';
import { ReplicationMetrics } from '../src/ops/metrics/replication.metrics.js';
import { ReplicationRepository } from '../src/ops/metrics/replication.repository.js';
import { startTestApp, type TestApp } from './app.harness.js';
import { debianBinaries, startDebianPostgres } from './debian-postgres.fixture.js';
import { scrape } from './monitoring.fixture.js';
import { describeIf } from './setup/services.js';
import { createTestDatabase, type TestDatabase } from './setup/test-database.js';

const behind = 'db_replication_lag_seconds{standby="reserve"}';
const own = 'db_standby_lag_seconds';
const lagRows = /^db_(replication|standby)_lag/;

/** The rows of lag after a look, once they are as wanted: a standby tells how far it is once a second. */
async function until(app: TestApp, isWanted: (rows: Readonly<Record<string, number>>) => boolean): Promise<Record<string, number>> {
  for (let attempt = 0; ; attempt += 1) {
    await app.resolve<ReplicationMetrics>(ReplicationMetrics).look();
    const rows = Object.fromEntries([...(await scrape(app))].filter(([name]) => lagRows.test(name)));
    if (isWanted(rows) || attempt === 200) return rows;
    await sleep(50);
  }
}

async function connect(url: string): Promise<DataSource> {
  const times = { acquireTimeoutMs: 60_000, statementTimeoutMs: 0, idleTimeoutMs: 0 };
  return createDataSource({ url, poolSize: 1, ...times, applicationName: 'techmart-tests' }).initialize();
}

describe('ReplicationRepository', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  beforeAll(async () => {
    database = await createTestDatabase({ seeded: false });
    dataSource = await connect(database.url);
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  it('knows of no replication where there is none', async () => {
    expect(await new ReplicationRepository(dataSource).read()).toEqual({ standbys: [], own: undefined });
  });

  it('takes standbys of one name for one, and of many the eight that are furthest behind', async () => {
    // What stands before the catalogue in the path is found first.
    await dataSource.query(`CREATE SCHEMA played CREATE VIEW pg_stat_replication AS
      SELECT name AS application_name, lag * interval '1 s' AS replay_lag, sent::pg_lsn AS sent_lsn, replayed::pg_lsn AS replay_lsn
        FROM (SELECT 'of-' || n, n, '0/9', '0/8' FROM generate_series(10, 16) AS n
              UNION ALL VALUES ('twin', 3, '0/9', '0/8'), ('twin', 90, '0/9', '0/8'), ('quiet', NULL, '0/9', '0/9'),
                               ('new', NULL, '0/9', '0/8'), ('pg_basebackup', NULL, '0/9', NULL)) AS rows (name, lag, sent, replayed)`);
    await dataSource.query('SET search_path = played, pg_catalog');
    const { standbys } = await new ReplicationRepository(dataSource).read();
    const seven = [16, 15, 14, 13, 12, 11, 10].map((lag) => ({ standby: `of-${lag}`, lag_s: lag }));
    expect(standbys).toEqual([{ standby: 'twin', lag_s: 90 }, ...seven]);
    await dataSource.query('RESET search_path');
    await dataSource.query('DROP SCHEMA played CASCADE');
  });
});

describeIf(existsSync(`${debianBinaries}/pg_basebackup`), 'postgresql-15', () => {
  let primary: TestApp;
  let reserve: TestDatabase;
  let control: Client;

  beforeAll(async () => {
    const database = await startDebianPostgres();
    primary = await startTestApp({ database });
    reserve = await database.startStandby('reserve');
    control = new Client({ connectionString: reserve.url });
    control.on('error', () => undefined);
    await control.connect();
  }, 120_000);
  afterAll(async () => {
    await control.end();
    await primary.close();
  });

  const write = () =>
    primary.query(`INSERT INTO categories (name, slug) SELECT id, id FROM (SELECT gen_random_uuid()::text AS id) AS made`);

  it('rises while a standby does not replay, and is 0 once it has', async () => {
    expect(await until(primary, (rows) => rows[behind] === 0)).toEqual({ [behind]: 0 });
    await control.query('SELECT pg_wal_replay_pause()');
    await write();
    const paused = await until(primary, (rows) => (rows[behind] ?? 0) > 1.5);
    expect(paused).toEqual({ [behind]: expect.any(Number) });
    expect(paused[behind]).toBeGreaterThan(1.5);
    await control.query('SELECT pg_wal_replay_resume()');
    expect((await until(primary, (rows) => (rows[behind] ?? 9) < 0.5))[behind]).toBeLessThan(0.5);
  });

  it('asks nothing in a scrape', async () => {
    expect((await primary.queriesOf(() => primary.get('/metrics'))).count).toBe(0);
  });

  it('has no row for a role that may not see it', async () => {
    await primary.query("CREATE ROLE plain LOGIN PASSWORD 'test'");
    const plain = await connect(primary.url.replace('techmart:', 'plain:'));
    const standbys = async () => (await new ReplicationRepository(plain).read()).standbys.map(({ standby }) => standby);
    const seen = [await standbys()];
    await primary.query('GRANT pg_monitor TO plain');
    seen.push(await standbys());
    await plain.destroy();
    expect(seen).toEqual([[], ['reserve']]);
  });

  // Last, since an application that boots takes the process's registry of metrics over.
  it('is the own one on a standby, and none on either side once the standby is gone', async () => {
    const standby = await startTestApp({ database: reserve });
    expect(await until(standby, (rows) => rows[own] === 0)).toEqual({ [own]: 0 });
    await control.query('SELECT pg_wal_replay_pause()');
    await write();
    expect((await until(standby, (rows) => (rows[own] ?? 0) > 0.5))[own]).toBeGreaterThan(0.5);
    await control.query('SELECT pg_wal_replay_resume()');
    expect(await until(standby, (rows) => rows[own] === 0)).toEqual({ [own]: 0 });
    await standby.close();
    const gone = async () => (await primary.resolve<ReplicationRepository>(ReplicationRepository).read()).standbys.length === 0;
    for (let attempt = 0; !(await gone()) && attempt < 200; attempt += 1) await sleep(50);
    expect(await gone()).toBe(true);
  });
});
