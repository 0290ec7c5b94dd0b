import { Profiler } from '@app/profiling';
import { existsSync } from 'node:fs';
import { startTestApp, type Json, type TestApp } from './app.harness.js';
import { debianBinaries, startDebianPostgres } from './debian-postgres.fixture.js';
import { findingsOf, FixtureModule, makeLargeTable } from './profiling.fixture.js';
import { describeIf } from './setup/services.js';

const isInstalled = existsSync(`${debianBinaries}/postgres`) && existsSync('/usr/share/postgresql/15/extension/hypopg.control');

describeIf(isInstalled, 'postgresql-15-hypopg', () => {
  let app: TestApp;
  let admin: string;
  beforeAll(async () => {
    app = await startTestApp({
      modules: [FixtureModule],
      database: await startDebianPostgres(),
      config: (config) => ({ ...config, profiling: { ...config.profiling, sampleRate: 1, slowQueryMs: 0, slowRequestMs: 3_600_000 } }),
    });
    await app.query('CREATE EXTENSION hypopg');
    await makeLargeTable(app);
    await app.query(`INSERT INTO users (id, username, email, password_hash, first_name, last_name, user_type) OVERRIDING SYSTEM VALUE
      VALUES (1, 'admin', 'admin@example.com', 'x', 'A', 'B', 'admin')`);
    admin = await app.token('admin');
  }, 120_000);
  afterAll(() => app.close());

  const advice = async (path: string): Promise<Json | undefined> => {
    await app.get(path);
    await app.resolve<Profiler>(Profiler).settle();
    const findings = await findingsOf(app, admin, `GET ${path.split('?')[0]}`);
    return findings.find(({ kind }) => kind === 'missing-index');
  };

  it('tries the missing index without making it, and tells the gain', async () => {
    const finding = await advice('/fixture/scan?kind=none');
    expect(finding).toMatchObject({
      sql: 'CREATE INDEX CONCURRENTLY ON large (kind)',
      fix: expect.stringMatching(
        /^Make this index\. The planner would use it, and its cost falls from [\d.]+ to [\d.]+, by a factor of \d+\.$/,
      ),
      figures: { is_tried: true },
    });
    const { cost_before: before, cost_after: after } = finding!['figures'] as { cost_before: number; cost_after: number };
    expect(before / after).toBeGreaterThan(10);
    expect(await app.query(`SELECT indexname FROM pg_indexes WHERE tablename = 'large'`)).toEqual([]);
  });

  it('keeps its word: the cost after the index is made is what it said', async () => {
    const finding = await advice('/fixture/scan?kind=none');
    await app.query(String(finding?.['sql']));
    const [row] = await app.query(`EXPLAIN (FORMAT JSON) SELECT count(*) FROM large WHERE kind = 'none'`);
    const real = row?.['QUERY PLAN'][0].Plan['Total Cost'] as number;
    expect(Math.abs(real / (finding?.['figures']['cost_after'] as number) - 1)).toBeLessThan(0.2);
  });

  it('advises nothing that the planner would not use', async () => {
    await app.query('CREATE INDEX ON large (kind, id)');
    expect(await advice('/fixture/slow?ms=0&secret=none')).toBeUndefined();
  });
});
