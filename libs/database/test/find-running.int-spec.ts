import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { EmbeddedPostgres, findRunning } from '../src/index.js';
import { ensureBuilt } from './databases.js';
import { describeEmbedded, kill, startInChild } from './embedded.fixture.js';

const settings = { fsync: 'off', shared_buffers: '16MB' };

async function currentDatabase(url: string): Promise<unknown> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>('SELECT current_database() AS name');
    return rows[0]?.name;
  } finally {
    await client.end();
  }
}

describeEmbedded('findRunning', () => {
  let dataDir: string;
  beforeAll(() => ensureBuilt());
  beforeEach(() => {
    dataDir = mkdtempSync('/var/tmp/techmart-test-');
  });
  afterEach(async () => {
    await new EmbeddedPostgres({ dataDir }).remove();
  });

  it('finds nothing where there is no folder, and makes none', () => {
    rmSync(dataDir, { recursive: true });
    expect(findRunning(dataDir)).toBeUndefined();
    expect(existsSync(dataDir)).toBe(false);
  });

  it('gives the address that another process’s server has, and a way into its database', async () => {
    const child = await startInChild(dataDir, settings);
    const found = findRunning(dataDir);
    expect(found?.url).toBe(child.url);
    expect(await currentDatabase(found?.url ?? '')).toBe('techmart');
    await kill(child);
  });

  it('takes nothing: the owner goes on, and stops its server as ever', async () => {
    const owner = new EmbeddedPostgres({ dataDir, settings });
    const { url, port } = await owner.start();
    expect([findRunning(dataDir), findRunning(dataDir)]).toEqual([
      { url, port },
      { url, port },
    ]);
    await owner.stop();
    expect(findRunning(dataDir)).toBeUndefined();
    expect(existsSync(join(dataDir, 'owner.json'))).toBe(false);
  });

  it('gives the address of another database at wish', async () => {
    const owner = new EmbeddedPostgres({ dataDir, settings });
    await owner.start();
    expect(await currentDatabase(findRunning(dataDir, 'postgres')?.url ?? '')).toBe('postgres');
    await owner.stop();
  });

  it('finds nothing once the server has died, although its files remain', async () => {
    const child = await startInChild(dataDir, settings);
    const server = new EmbeddedPostgres({ dataDir, settings });
    await kill(child);
    await server.start();
    await server.stop();
    expect(findRunning(dataDir)).toBeUndefined();
    expect(existsSync(join(dataDir, 'port'))).toBe(true);
  });
});
