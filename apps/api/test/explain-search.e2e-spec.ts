import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { createTestDatabase, ensureBuilt, type TestDatabase } from './setup/test-database.js';

const run = promisify(execFile);
const root = resolve(__dirname, '../../..');

let database: TestDatabase;
beforeAll(async () => {
  await ensureBuilt();
  database = await createTestDatabase({ seeded: true });
}, 120_000);
afterAll(() => database.drop());

const explain = (...parameters: string[]) =>
  run(process.execPath, ['tools/explain-search.mjs', ...parameters], { cwd: root, env: { ...process.env, DATABASE_URL: database.url } });

describe('tools/explain-search.mjs', () => {
  it('shows plan and times of a search, as the application makes it', async () => {
    const { stdout } = await explain('{"query":"premium","in_stock":true}', '--plan', '--runs', '2');
    expect(stdout).toMatch(/search_vector @@ .*premium/);
    expect(stdout).toMatch(/Execution Time: [\d.]+ ms/);
    expect(stdout).toMatch(/\{"query":"premium","in_stock":true\}: [1-9]\d* found; elapsed p50 [\d.]+ p95 [\d.]+ min [\d.]+ ms/);
  });

  it('shows the whole list without a filter, and no plan unless asked', async () => {
    const { stdout } = await explain();
    expect(stdout).toMatch(/^\{\}: 475 found; elapsed /);
  });
});
