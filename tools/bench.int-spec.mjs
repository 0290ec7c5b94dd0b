import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { describeWith } from '../apps/api/test/setup/services.js';
import { createTestDatabase } from '../apps/api/test/setup/test-database.js';

const bench = join(__dirname, 'bench.mjs');

/** Runs the tool to its end; a build is there, since a test database was asked for. */
function run(parameters, env = {}) {
  const child = spawn(process.execPath, [bench, ...parameters], { env: { PATH: process.env.PATH, ...env } });
  const result = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) child[name].on('data', (text) => (result[name] += text));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, ...result })));
}

describe('npm run bench', () => {
  it.each([
    [['orders', '--rounds', '0'], 'a whole number from 1 to 100 is expected'],
    [['reads', '--scale', 'big'], 'a number from 0.001 to 20 is expected'],
    [['cached', '--env', 'lower=1'], 'NAME=value is expected'],
    [['unheard-of'], "unknown command 'unheard-of'"],
  ])('refuses %j and says what it expects', async (parameters, message) => {
    const { code, stderr } = await run(parameters);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
  });

  it('names the scenarios', async () => {
    const { code, stdout } = await run(['--help']);
    expect(code).toBe(0);
    for (const name of ['reads', 'orders', 'cached', 'mixed']) expect(stdout).toContain(`  ${name} [options]`);
  });
});

describe('a benchmark on a server of PostgreSQL', () => {
  let database;
  let folder;
  beforeAll(async () => {
    database = await createTestDatabase({ seeded: false });
    folder = mkdtempSync(join(tmpdir(), 'techmart-bench-test-'));
  }, 300_000);
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await dropTemplates();
    await database.drop();
  });

  async function withClient(work) {
    const client = new Client({ connectionString: database.url });
    await client.connect();
    return work(client).finally(() => client.end());
  }

  const namesLike = (client, prefix) =>
    client
      .query('SELECT datname FROM pg_database WHERE starts_with(datname, $1)', [prefix])
      .then(({ rows }) => rows.map((row) => row.datname));

  const dropTemplates = () =>
    withClient(async (client) => {
      for (const name of await namesLike(client, 'techmart_bench_scale_0_01_seed_7_')) {
        await client.query(`ALTER DATABASE ${name} IS_TEMPLATE false`);
        await client.query(`DROP DATABASE ${name}`);
      }
    });

  const measure = (name, more = [], env = {}) => {
    const out = join(folder, `${name}.json`);
    const size = ['--scale', '0.01', '--seed', '7', '--rounds', '1', '--seconds', '1'];
    return run([name, ...size, '--out', out, ...more], { DATABASE_URL: database.url, ...env }).then((result) => ({
      ...result,
      report: () => JSON.parse(readFileSync(out, 'utf8')),
    }));
  };

  it('names the program that is missing', async () => {
    const { code, stderr } = await measure('orders', [], { PATH: folder });
    expect(stderr).toContain('needs pgbench, which is not on the PATH');
    expect(code).toBe(1);
  }, 300_000);

  describeWith('pgbench', () => {
    it('orders beside pgbench, on the very statements of the server, and leaves nothing but the seeded data', async () => {
      const { code, stdout, stderr, report } = await measure('orders');
      expect({ code, stderr: code === 0 ? '' : stderr + stdout }).toEqual({ code: 0, stderr: '' });
      const { head, tables, faults } = report();
      expect(head).toMatchObject({ scenario: 'orders', data: { scale: 0.01, seed: 7, products: 499 }, options: { rounds: 1, seconds: 1 } });
      expect(faults).toEqual([]);
      for (const row of tables[0].rows) {
        expect(row).toMatchObject({ errors: 0, refused: 0 });
        expect(row.perSecond.median).toBeGreaterThan(0);
        expect(row.floorPerSecond.median).toBeGreaterThan(0);
      }
      expect(stdout).toContain('| add three, order the cart |');
      const left = await withClient((client) => namesLike(client, 'techmart_bench_'));
      expect(left).toEqual([expect.stringMatching(/^techmart_bench_scale_0_01_seed_7_[0-9a-f]{8}$/)]);
    }, 300_000);
  });

  describeWith('wrk', () => {
    it.each(['reads', 'cached'])(
      '%s beside bare servers, without a wrong answer',
      async (name) => {
        const { code, stdout, stderr, report } = await measure(name);
        expect({ code, stderr: code === 0 ? '' : stderr + stdout }).toEqual({ code: 0, stderr: '' });
        const tables = report().tables.filter(({ columns }) => columns.some(({ key }) => key === 'toHttp'));
        expect(tables).toHaveLength(1);
        for (const row of tables[0].rows) expect(row).toMatchObject({ errors: 0, toHttp: { median: expect.any(Number) } });
      },
      300_000,
    );
  });

  describeWith('wrk', () => {
    it('profiling, switched on and off in one process, without a wrong answer', async () => {
      const { code, stdout, stderr, report } = await measure('profiling');
      expect({ code, stderr: code === 0 ? '' : stderr + stdout }).toEqual({ code: 0, stderr: '' });
      const { tables, goals } = report();
      const names = ['off', 'at 10 %', 'at 100 %'].flatMap((sampling) => [`cached, ${sampling}`, `uncached, ${sampling}`]);
      expect(tables[0].rows.map(({ name }) => name).toSorted()).toEqual(names.toSorted());
      for (const row of tables[0].rows) expect(row).toMatchObject({ errors: 0, more: { median: expect.any(Number) } });
      expect(tables[0].rows.map(({ hits, statements }) => [hits, statements])).toEqual([
        ...Array.from({ length: 3 }, () => ['100 %', 0]),
        ...Array.from({ length: 3 }, () => ['0 %', 1]),
      ]);
      expect(goals).toHaveLength(2);
    }, 300_000);
  });

  it('refuses to toggle what the server does not read', async () => {
    const { code, stderr } = await measure('cached', ['--toggle', 'UNHEARD_OF=1']);
    expect(stderr).toContain('.env.example knows nothing of UNHEARD_OF');
    expect(code).toBe(1);
  }, 300_000);

  it('serves the mixed load, and counts what it was asked', async () => {
    const { code, stdout, stderr, report } = await measure('mixed');
    expect({ code, stderr: code === 0 ? '' : stderr + stdout }).toEqual({ code: 0, stderr: '' });
    const routes = report().tables[0].rows.map(({ name }) => name);
    expect(routes).toEqual(expect.arrayContaining(['all', 'GET /products/{id}', 'POST /products/search']));
  }, 300_000);
});
