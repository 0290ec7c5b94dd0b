import { startTestApp, type Json, type TestApp } from './app.harness.js';
import { findingsOf, profiling } from './profiling.fixture.js';
import { rows } from './routes/routes.fixture.js';
import { callers, World } from './routes/world.fixture.js';

describe('no route', () => {
  let app: TestApp;
  let findings: Json[];
  let failures: Json;
  const answered = new Set<string>();
  beforeAll(async () => {
    app = await startTestApp({
      config: (config) => ({ ...config, profiling: { ...config.profiling, sampleRate: 1, slowQueryMs: 60_000, slowRequestMs: 60_000 } }),
    });
    const world = await World.create(app);
    for (const { route, build, statuses } of rows) {
      const [method = ''] = route.split(' ');
      for (const caller of callers.filter((candidate) => statuses[candidate] < 400)) {
        const { path, body, headers = {}, as } = await build(world, caller);
        const paged = method === 'GET' ? `${path}${path.includes('?') ? '&' : '?'}page_size=100` : path;
        const { status } = await app.call(method, paged, body, { as: as ?? world.tokenOf(caller), headers });
        if (status === statuses[caller]) answered.add(route);
      }
    }
    const { token } = world.people.admin;
    findings = await findingsOf(app, token);
    ({ failures } = await profiling(app, token, ''));
  }, 300_000);
  afterAll(() => app.close());

  it('was left out', () => {
    expect([...answered].toSorted()).toEqual([...new Set(rows.map(({ route }) => route))].toSorted());
    expect(failures).toEqual({ listeners: 0, plans: 0, baselines: 0 });
  });

  it('asks the database one by one, or twice for the same', () => {
    const repeated = findings.filter(({ kind }) => kind === 'n-plus-one' || kind === 'duplicate-query');
    expect(
      repeated.map(({ endpoint, kind, statement, figures, site }) => ({ endpoint, kind, text: statement.text, figures, site })),
    ).toEqual([]);
  });

  it('reads much to send little, or goes past the profiler', () => {
    const others = findings.filter(({ kind }) => kind === 'over-fetching' || kind === 'unseen-query');
    expect(others.map(({ endpoint, title, statement }) => ({ endpoint, title, statement }))).toEqual([]);
  });
});
