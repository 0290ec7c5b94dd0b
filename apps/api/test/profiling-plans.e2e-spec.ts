import { Profiler } from '@app/profiling';
import type { Config } from '../src/config.js';
import { startTestApp, type Json, type TestApp } from './app.harness.js';
import { findingsOf, FixtureModule, makeLargeTable } from './profiling.fixture.js';

type Change = (config: Config) => Partial<Config['database']>;

class Plans {
  private constructor(
    readonly app: TestApp,
    readonly admin: string,
  ) {}

  static async start(slowQueryMs: number, change: Change = () => ({})): Promise<Plans> {
    const app = await startTestApp({
      modules: [FixtureModule],
      seeded: false,
      config: (config) => ({
        ...config,
        database: { ...config.database, ...change(config) },
        profiling: { ...config.profiling, sampleRate: 1, slowQueryMs, slowRequestMs: 3_600_000 },
      }),
    });
    await makeLargeTable(app);
    await app.query(`INSERT INTO users (id, username, email, password_hash, first_name, last_name, user_type) OVERRIDING SYSTEM VALUE
      VALUES (1, 'admin', 'admin@example.com', 'x', 'A', 'B', 'admin')`);
    return new Plans(app, await app.token('admin'));
  }

  /** Findings of one endpoint by kind, when every plan has been looked at. */
  async found(endpoint: string): Promise<Record<string, Json>> {
    await this.app.resolve<Profiler>(Profiler).settle();
    const findings = await findingsOf(this.app, this.admin, endpoint);
    return Object.fromEntries(findings.map((finding) => [finding['kind'], finding]));
  }
}

const secret = 'no-such-kind';

describe('the plan of a slow statement', () => {
  let plans: Plans;
  beforeAll(async () => {
    plans = await Plans.start(150);
  });
  afterAll(() => plans.app.close());

  it('is that of the very execution: it has its actual rows, and none of its values', async () => {
    await plans.app.get(`/fixture/slow?ms=160&secret=${secret}`);
    const { 'slow-query': finding } = await plans.found('GET /fixture/slow');
    expect(finding).toMatchObject({
      statement: { text: 'WITH slept AS MATERIALIZED (SELECT pg_sleep(?::float)) SELECT count(*) FROM slept LEFT JOIN large ON kind = ?' },
      figures: { threshold_ms: 150, rows: 1 },
      occurrences: 1,
    });
    const scan = JSON.stringify(finding?.['plan']);
    expect(scan).toMatch(/"node":"Seq Scan","table":"large".*"actual_rows":0,"removed_rows":50000/);
    expect(scan).not.toContain(secret);
  });

  it('does not run a write again', async () => {
    await plans.app.post('/fixture/slow-write');
    const { 'slow-query': finding } = await plans.found('POST /fixture/slow-write');
    expect(finding?.['plan']['node']).toBe('Insert');
    expect(await plans.app.query('SELECT count(*) AS rows FROM written')).toEqual([{ rows: 1 }]);
  });
});

describe('behind a pooler, where sessions are shared', () => {
  let plans: Plans;
  beforeAll(async () => {
    // Every statement is slow here.
    plans = await Plans.start(0, () => ({ url: 'postgres://pooler/none', directUrl: undefined }));
  });
  afterAll(() => plans.app.close());

  it('the plan is asked for without executing, and a write is not executed', async () => {
    await plans.app.get(`/fixture/scan?kind=${secret}`);
    const { 'slow-query': finding } = await plans.found('GET /fixture/scan');
    expect(JSON.stringify(finding?.['plan'])).toMatch(/"node":"Seq Scan","table":"large","filter":"\(kind = \?::text\)"/);
    expect(JSON.stringify(finding)).not.toMatch(/actual_rows|no-such-kind/);
    await plans.app.post('/fixture/slow-write');
    const { 'slow-query': write } = await plans.found('POST /fixture/slow-write');
    expect(write?.['plan']['node']).toBe('Insert');
    expect(await plans.app.query('SELECT count(*) AS rows FROM written')).toEqual([{ rows: 1 }]);
  });

  it('the index that is missing is named, and why it could not be tried', async () => {
    await plans.app.get(`/fixture/scan?kind=${secret}`);
    const { 'missing-index': finding } = await plans.found('GET /fixture/scan');
    expect(finding).toMatchObject({
      title: '50000 rows of large are read to find 10',
      sql: 'CREATE INDEX CONCURRENTLY ON large (kind)',
      fix: expect.stringContaining('Not tried: this server does not have the HypoPG extension'),
      figures: { scanned_rows: 50_000, found_rows: 10, is_tried: false },
    });
    await plans.app.query(finding?.['sql'] as string);
    const [plan] = await plans.app.query(`EXPLAIN SELECT count(*) FROM large WHERE kind = '${secret}'`);
    expect(plan?.['QUERY PLAN']).toContain('Aggregate');
  });
});
