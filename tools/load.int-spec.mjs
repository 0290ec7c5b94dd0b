import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { describeIf } from '../apps/api/test/setup/services.js';
import { createTestDatabase } from '../apps/api/test/setup/test-database.js';
import { findK6 } from './load/k6.mjs';

/** Runs the tool to its end. */
function run(parameters, env = {}) {
  const child = spawn(process.execPath, [join(__dirname, 'load.mjs'), ...parameters], { env: { PATH: process.env.PATH, ...env } });
  const result = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) child[name].on('data', (text) => (result[name] += text));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, ...result })));
}

describe('npm run load', () => {
  it.each([
    [['smoke', '--rate', '0'], 'a number from 1 to 100000 is expected'],
    [['load', '--seconds', 'long'], 'a number from 1 to 7200 is expected'],
    [['spike', '--env', 'lower=1'], 'NAME=value is expected'],
    [['unheard-of'], 'Allowed choices are smoke, load, stress, spike, soak, breakpoint'],
  ])('refuses %j and says what it expects', async (parameters, message) => {
    const { code, stderr } = await run(parameters);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
  });
});

describeIf(findK6() !== undefined, 'k6', () => {
  let folder;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'techmart-load-test-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each([
    ['http://192.0.2.1:3000', 'tokens', 'an http address on loopback is expected'],
    ['https://localhost', 'tokens', 'an http address on loopback is expected'],
    ['http://127.0.0.1:9', undefined, 'TOKENS must name a file of access tokens'],
    ['http://127.0.0.1:9', 'tokens', 'holds no token'],
  ])('does not load %s with tokens in %s', async (target, tokens, message) => {
    writeFileSync(join(folder, 'tokens'), '\n');
    const { code, stderr } = await run(['smoke'], { TARGET_URL: target, ...(tokens && { TOKENS: join(folder, tokens) }) });
    expect(code).toBe(1);
    expect(stderr).toContain(message);
  });

  describe('with a server of its own', () => {
    const size = ['--scale', '0.002', '--seed', '8', '--seconds', '3', '--rate', '40'];
    let database;
    beforeAll(async () => {
      database = await createTestDatabase({ seeded: false });
    }, 300_000);
    afterAll(async () => {
      await dropTemplates(database.url);
      await database.drop();
    });

    it('ends with 99 when a threshold is missed, and says which', async () => {
      const limits = ['--env', 'RATE_LIMITS=GET /products/:id=1'];
      const { code, stdout, stderr } = await run(['smoke', ...size, ...limits, '--out', folder], { DATABASE_URL: database.url });
      expect({ code, stderr: code === 99 ? '' : stderr + stdout }).toEqual({ code: 99, stderr: '' });
      expect(stdout).toMatch(/^MISSED {2}limited: rate<0\.01/m);
      const report = JSON.parse(readFileSync(join(folder, 'smoke.json'), 'utf8'));
      expect(report).toMatchObject({ errors: 0, shed: 0, isPassed: false });
      expect(report.limited).toBeGreaterThan(0);
      expect(report.goals.filter(({ isMet }) => !isMet).map(({ metric }) => metric)).toEqual(['limited']);
    }, 120_000);
  });
});

/** The seeded database that the tool keeps on the server of DATABASE_URL for its next run. */
async function dropTemplates(connectionString) {
  const client = new Client({ connectionString });
  await client.connect();
  const sql = "SELECT datname FROM pg_database WHERE starts_with(datname, 'techmart_bench_scale_0_002_seed_8_')";
  const { rows } = await client.query(sql);
  for (const { datname } of rows) {
    await client.query(`ALTER DATABASE ${datname} IS_TEMPLATE false`);
    await client.query(`DROP DATABASE ${datname}`);
  }
  await client.end();
}
