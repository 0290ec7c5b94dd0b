import { MovableClock } from './accounts.fixture.js';
import { startTestApp, type Json, type TestApp } from './app.harness.js';
import { findingsOf, FixtureModule, profiling } from './profiling.fixture.js';

const clock = new MovableClock();
let app: TestApp;
let admin: string;
beforeAll(async () => {
  app = await startTestApp({
    modules: [FixtureModule],
    clock,
    // Nothing here is slow on purpose; whatever else runs on the machine must not make it so.
    config: (config) => ({ ...config, profiling: { ...config.profiling, sampleRate: 1, slowQueryMs: 60_000, slowRequestMs: 60_000 } }),
  });
  admin = await app.token('admin');
});
afterAll(() => app.close());

/** Lines are those of the transpiled file here, since only the formatter outside of jest's realm knows the maps; see process.e2e-spec. */
const place = (name: string) => expect.stringMatching(new RegExp(`^${name} \\(apps/api/test/profiling\\.fixture\\.ts:\\d+\\)$`));

async function found(path: string): Promise<Json[]> {
  const answer = await app.get(path);
  expect(answer.status).toBe(200);
  return findingsOf(app, admin, `GET ${path}`);
}

describe('the profiler finds by itself', () => {
  it('an N+1 through TypeORM, with its place, its count and the join that would replace it', async () => {
    const findings = await found('/fixture/one-by-one');
    expect(findings).toMatchObject([
      {
        kind: 'n-plus-one',
        title: '20 statements that differ in their values only',
        statement: { text: 'SELECT id, username FROM users WHERE id = ?' },
        site: place('CarelessRepository.author'),
        figures: { count: 20, distinct_parameters: 20, is_concurrent: false, total_ms: expect.any(Number) },
        occurrences: 1,
      },
    ]);
    expect(findings[0]?.['fix']).toMatch(
      /^Join users \(ON users\.id = …\) in the statement.* that gave the 20 rows of posts \(TypeORM: relations or leftJoinAndSelect\), or load all of them with one statement instead of 20: … FROM users WHERE id = ANY\(\$1\)\.$/,
    );
    expect((await found('/fixture/one-by-one'))[0]?.['occurrences']).toBe(2);
  });

  it('an N+1 of raw statements that run at once', async () => {
    expect(await found('/fixture/all-at-once')).toMatchObject([
      {
        kind: 'n-plus-one',
        site: place('CarelessRepository.rawAuthor'),
        fix: 'Collect the values first and load all of them with one statement instead of 12: … FROM users WHERE id = ANY($1).',
        figures: { count: 12, distinct_parameters: 12, is_concurrent: true },
      },
    ]);
  });

  it('a statement that asks for what was known', async () => {
    expect(await found('/fixture/asked-again')).toMatchObject([
      { kind: 'duplicate-query', site: place('CarelessRepository.author'), figures: { count: 2, repeated: 1 } },
    ]);
  });

  it('much that is read and little that is sent', async () => {
    const [finding] = await found('/fixture/too-much');
    expect(finding).toMatchObject({ kind: 'over-fetching', figures: { sent_bytes: 14, rows: 1000 } });
    expect(finding?.['figures']['read_bytes']).toBeGreaterThan(200_000);
  });

  it('a statement that went past it', async () => {
    expect(await found('/fixture/unseen')).toMatchObject([{ kind: 'unseen-query', figures: { seen_queries: 0 } }]);
  });

  it('what a cache would save', async () => {
    for (let n = 0; n < 20; n += 1) {
      await app.get('/products/7');
      clock.advance(1);
    }
    expect(await findingsOf(app, admin, 'GET /products/:id')).toMatchObject([
      { kind: 'uncached', title: '20 requests read the same rows with the same parameters', figures: { requests: 20, saved_queries: 19 } },
    ]);
  });

  it('the request of a finding, with its steps', async () => {
    const [finding] = await found('/fixture/one-by-one');
    const profile = await profiling(app, admin, `/requests/${finding?.['request_ids'][0]}`);
    const steps = profile['steps'] as Json[];
    expect(profile['findings']).toEqual([{ id: finding?.['id'], kind: 'n-plus-one', title: finding?.['title'] }]);
    expect(steps.filter(({ kind }) => kind === 'query')).toHaveLength(21);
    expect(steps.filter(({ kind }) => kind === 'handler')).toMatchObject([{ name: 'FixtureController.oneByOne', depth: 0 }]);
    expect(steps.filter(({ kind }) => kind === 'query').every(({ depth }) => depth === 1)).toBe(true);
  });
});
