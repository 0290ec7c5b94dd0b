import { spawn } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Client } from 'pg';
import { ensureBuilt } from './databases.js';
import { describeAsNobody, describeEmbedded, kill, nobody, startInChild } from './embedded.fixture.js';
import { findProcess } from '../src/embedded/processes.js';
import { DataDirectoryInUse, EmbeddedPostgres } from '../src/index.js';

async function ask(url: string, sql: string): Promise<unknown> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query({ text: sql, rowMode: 'array' });
    return rows[0]?.[0];
  } finally {
    await client.end();
  }
}

const serverPid = (dataDir: string): number => Number(readFileSync(join(dataDir, 'cluster', 'postmaster.pid'), 'utf8').split('\n')[0]);
const fastForTests = { fsync: 'off', shared_buffers: '16MB' };

describeEmbedded('EmbeddedPostgres', () => {
  let dataDir: string;
  beforeAll(() => ensureBuilt());
  const servers: EmbeddedPostgres[] = [];
  const make = (): EmbeddedPostgres => {
    const server = new EmbeddedPostgres({ dataDir, settings: fastForTests });
    servers.push(server);
    return server;
  };

  beforeEach(() => {
    // Closed to others, as a strict umask would make it.
    dataDir = mkdtempSync('/var/tmp/techmart-test-');
  });
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.stop();
    await new EmbeddedPostgres({ dataDir }).remove();
  });

  it('starts on an empty folder, keeps what was written, and starts again', async () => {
    const first = make();
    const { url } = await first.start();
    await ask(url, 'CREATE TABLE kept AS SELECT 7 AS n');
    await first.stop();
    const { url: again } = await make().start();
    expect(await ask(again, 'SELECT n FROM kept')).toBe(7);
  });

  it('orders text by code point in UTF-8, whatever the machine speaks', async () => {
    const { url } = await make().start();
    expect(await ask(url, `SELECT string_agg(w, '' ORDER BY w) FROM unnest(ARRAY['é', 'z', 'B', 'a']) AS w`)).toBe('Bazé');
    expect(await ask(url, `SELECT upper('é')`)).toBe('É');
  });

  it('lets in nobody without the password', async () => {
    const { url } = await make().start();
    await expect(ask(url.replace(/:[^:@/]+@/, ':wrong@'), 'SELECT 1')).rejects.toThrow(/password authentication failed/);
  });

  it('refuses a folder that another running process has, and does it no harm', async () => {
    const { url } = await make().start();
    await expect(make().start()).rejects.toBeInstanceOf(DataDirectoryInUse);
    expect(await ask(url, 'SELECT 1')).toBe(1);
  });

  it('stops what a killed start left behind, twice in a row, and loses nothing', async () => {
    for (const value of [1, 2]) {
      const child = await startInChild(dataDir, fastForTests);
      await ask(child.url, `CREATE TABLE IF NOT EXISTS kept (n int)`);
      await ask(child.url, `INSERT INTO kept VALUES (${value})`);
      await kill(child);
    }
    const { url } = await make().start();
    expect(await ask(url, 'SELECT count(*)::int FROM kept')).toBe(2);
  });

  it('recovers when the server was killed with it, and a child of it is still at work', async () => {
    const child = await startInChild(dataDir, fastForTests);
    await ask(child.url, 'CREATE TABLE kept AS SELECT 7 AS n');
    const busy = ask(child.url, 'SELECT count(*) FROM generate_series(1, 2000000000)').catch(String);
    while ((await ask(child.url, `SELECT count(*)::int FROM pg_stat_activity WHERE query LIKE '%2000000000)' AND state = 'active'`)) === 0);
    process.kill(serverPid(dataDir), 'SIGKILL');
    await kill(child);
    const { url } = await make().start();
    expect(await ask(url, 'SELECT n FROM kept')).toBe(7);
    expect(await busy).toMatch(/Connection terminated/);
  });

  it('starts again on what is there', async () => {
    const first = await make().start();
    await ask(first.url, 'CREATE TABLE kept AS SELECT 7 AS n');
    await servers[0]?.stop();
    const { url } = await make().start();
    expect(await ask(url, 'SELECT n FROM kept')).toBe(7);
  });

  it('is had by one of two that start at the same moment on what a killed one left behind', async () => {
    await kill(await startInChild(dataDir, fastForTests));
    const starts = await Promise.allSettled([1, 2].map(() => startInChild(dataDir, fastForTests)));
    const [winner] = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
    const refusals = starts.flatMap((start) => (start.status === 'rejected' ? [String(start.reason)] : []));
    expect(refusals).toEqual([expect.stringContaining('is used by another running TechMart')]);
    expect(winner && (await ask(winner.url, 'SELECT 1'))).toBe(1);
    if (winner) await kill(winner);
  });

  describeAsNobody('as an ordinary user', () => {
    it('starts, and recovers from a kill, in a folder that only this user sees', async () => {
      chownSync(dataDir, nobody.uid, nobody.gid);
      const first = await startInChild(dataDir, fastForTests, nobody);
      await ask(first.url, 'CREATE TABLE kept AS SELECT 7 AS n');
      await kill(first);
      const second = await startInChild(dataDir, fastForTests, nobody);
      expect(await ask(second.url, 'SELECT n FROM kept')).toBe(7);
      expect([statSync(dataDir).uid, (statSync(join(dataDir, 'password')).mode & 0o777).toString(8)]).toEqual([nobody.uid, '600']);
      await kill(second);
    });

    it('says that it may not write to the folder', async () => {
      await expect(startInChild(join(dataDir, 'closed'), fastForTests, nobody)).rejects.toThrow(/data directory .* cannot be used: EACCES/);
    });

    it('says that the cluster is another account’s', async () => {
      await make().start();
      await servers[0]?.stop();
      chownSync(dataDir, nobody.uid, nobody.gid);
      await expect(startInChild(dataDir, fastForTests, nobody)).rejects.toThrow(/belongs to another account/);
    });
  });

  it('listens where it did before, or elsewhere when that port is taken', async () => {
    const first = make();
    const { port } = await first.start();
    await first.stop();
    const second = make();
    expect((await second.start()).port).toBe(port);
    await second.stop();
    const blocker = createServer().listen(port, '127.0.0.1');
    const { port: other, url } = await make().start();
    blocker.close();
    expect(other).not.toBe(port);
    expect(await ask(url, 'SELECT 1')).toBe(1);
  });

  it('leaves a stranger alone that has the pid of a server long gone', async () => {
    const first = make();
    await first.start();
    await first.stop();
    const stranger = spawn('sleep', ['60']);
    const file = join(dataDir, 'cluster', 'postmaster.pid');
    writeFileSync(file, `${stranger.pid}\n${join(dataDir, 'cluster')}\n`);
    const { url } = await make().start();
    expect(await ask(url, 'SELECT 1')).toBe(1);
    expect(stranger.exitCode).toBeNull();
    stranger.kill();
  });

  it('begins anew when the first start was cut off half way', async () => {
    mkdirSync(join(dataDir, 'unfinished', 'base'), { recursive: true });
    const { url } = await make().start();
    expect(await ask(url, 'SELECT 1')).toBe(1);
  });

  it('removes the server that a killed start left behind, and everything it wrote', async () => {
    const child = await startInChild(dataDir, fastForTests);
    const pid = serverPid(dataDir);
    await kill(child);
    await make().remove();
    expect([existsSync(dataDir), findProcess(pid)]).toEqual([false, undefined]);
  });

  it('says what is wrong when the server does not come up', async () => {
    const broken = new EmbeddedPostgres({ dataDir, settings: { shared_buffers: 'plenty' } });
    await expect(broken.start()).rejects.toThrow(/shared_buffers/);
  });
});
