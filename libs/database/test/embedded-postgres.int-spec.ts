import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Client } from 'pg';
import { DataDirectoryInUse, EmbeddedPostgres } from '../src/index.js';

async function ask(url: string, sql: string): Promise<unknown> {
  const client = new Client({ connectionString: url });
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

describe('EmbeddedPostgres', () => {
  let dataDir: string;
  const servers: EmbeddedPostgres[] = [];
  const make = (): EmbeddedPostgres => {
    const server = new EmbeddedPostgres({ dataDir, settings: fastForTests });
    servers.push(server);
    return server;
  };

  beforeEach(() => {
    dataDir = mkdtempSync('/var/tmp/techmart-test-');
    chmodSync(dataDir, 0o755);
  });
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
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
      const child = await startInChild(dataDir);
      await ask(child.url, `CREATE TABLE IF NOT EXISTS kept (n int)`);
      await ask(child.url, `INSERT INTO kept VALUES (${value})`);
      child.process.kill('SIGKILL');
      await new Promise((resolve) => child.process.once('exit', resolve));
    }
    const { url } = await make().start();
    expect(await ask(url, 'SELECT count(*)::int FROM kept')).toBe(2);
  });

  it('recovers when the server itself was killed', async () => {
    const child = await startInChild(dataDir);
    await ask(child.url, `CREATE TABLE kept AS SELECT 7 AS n`);
    process.kill(serverPid(dataDir), 'SIGKILL');
    child.process.kill('SIGKILL');
    await new Promise((resolve) => child.process.once('exit', resolve));
    const { url } = await make().start();
    expect(await ask(url, 'SELECT n FROM kept')).toBe(7);
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
    execFileSync('mkdir', ['-p', join(dataDir, 'unfinished', 'base')]);
    const { url } = await make().start();
    expect(await ask(url, 'SELECT 1')).toBe(1);
  });

  it('says what is wrong when the server does not come up', async () => {
    const broken = new EmbeddedPostgres({ dataDir, settings: { shared_buffers: 'plenty' } });
    await expect(broken.start()).rejects.toThrow(/shared_buffers/);
  });
});

/** A start in a process of its own, from the build: a process can only be killed from outside. */
async function startInChild(dataDir: string): Promise<{ process: ChildProcess; url: string }> {
  const built = pathToFileURL(join(__dirname, '../../../dist/libs/database/src/index.js')).href;
  const script = `
    import { EmbeddedPostgres } from ${JSON.stringify(built)};
    const { url } = await new EmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)}, settings: ${JSON.stringify(fastForTests)} }).start();
    console.log(url);
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (data: Buffer) => resolve(data.toString().trim()));
    child.once('exit', (code) => reject(new Error(`the child ended with ${code}`)));
  });
  return { process: child, url };
}
