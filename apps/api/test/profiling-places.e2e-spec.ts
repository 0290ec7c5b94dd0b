import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DEMO_PASSWORD } from '../src/seed/accounts.js';
import type { Json } from './app.harness.js';
import { ensureBuilt } from './setup/test-database.js';

const root = join(__dirname, '../../..');
const repository = 'apps/api/src/products/products.repository.ts';

/** As `npm start` runs it, with every request captured in full. */
function launch(dataDir: string): ChildProcess {
  const { PATH = '' } = process.env;
  const env = { PATH, LOG_PRETTY: 'false', SEED_SCALE: '0.01', PORT: '0', DATA_DIR: dataDir, PROFILING_SAMPLE_RATE: '1' };
  return spawn(process.execPath, ['--enable-source-maps', 'dist/apps/api/src/main.js'], { cwd: root, env });
}

async function addressOf(server: ChildProcess): Promise<string> {
  let output = '';
  for await (const data of server.stdout ?? []) {
    output += String(data);
    const address = /TechMart listens on (http:\S+)/.exec(output)?.[1];
    if (address !== undefined) return address;
  }
  throw new Error(output);
}

async function answer(address: string, token?: string, body?: Json): Promise<Json> {
  const headers = { 'content-type': 'application/json', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
  const reply = await fetch(address, body ? { method: 'POST', headers, body: JSON.stringify(body) } : { headers });
  return (await reply.json()) as Json;
}

describe('the built program', () => {
  let dataDir: string;
  let server: ChildProcess;
  beforeAll(async () => {
    await ensureBuilt();
    dataDir = mkdtempSync('/var/tmp/techmart-places-');
    chmodSync(dataDir, 0o755);
    server = launch(dataDir);
  }, 300_000);
  afterAll(async () => {
    const exited = once(server, 'exit');
    server.kill('SIGTERM');
    await exited;
    rmSync(dataDir, { recursive: true, force: true });
  }, 60_000);

  it('names the line of the source, not of the build, that issues a statement', async () => {
    const url = await addressOf(server);
    for (let n = 1; n <= 5; n += 1) await answer(`${url}/products/${n}`);
    const { access_token: token } = await answer(`${url}/auth/login`, undefined, { email: 'admin@techmart.test', password: DEMO_PASSWORD });
    const { statements } = await answer(`${url}/profiling/queries?limit=500`, token as string);
    const places = (statements as Json[]).flatMap(({ endpoints }) => endpoints as Json[]);
    const line =
      readFileSync(join(root, repository), 'utf8')
        .split('\n')
        .findIndex((text) => text.includes('query<Product[]>(activeById, [id])')) + 1;
    expect(places.find(({ endpoint }) => endpoint === 'GET /products/:id')?.['site']).toBe(
      `ProductsRepository.find (${repository}:${line})`,
    );
  }, 120_000);
});
