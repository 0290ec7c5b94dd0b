import { startTestApp, type Json, type TestApp } from './app.harness.js';
import { findingsOf, FixtureModule, makeLargeTable, profiling } from './profiling.fixture.js';

const hour = 3_600_000;

async function start(change: Json): Promise<{ app: TestApp; admin: string }> {
  const app = await startTestApp({
    modules: [FixtureModule],
    config: (config) => ({ ...config, profiling: { ...config.profiling, slowQueryMs: hour, slowRequestMs: hour, ...change } }),
  });
  return { app, admin: await app.token('admin') };
}

describe('the profiler in full', () => {
  let app: TestApp;
  let admin: string;
  const read = (path: string): Promise<Json> => profiling(app, admin, path);
  beforeAll(async () => {
    ({ app, admin } = await start({ sampleRate: 1 }));
  });
  afterAll(() => app.close());

  it('says of each answer to an admin where its profile is, and there it is', async () => {
    const answer = await app.get('/users?page_size=1', { as: admin });
    const id = answer.headers['x-request-id'];
    expect(answer.headers['x-profile']).toBe(`/profiling/requests/${id}`);
    expect(answer.headers['server-timing']).toMatch(/^total;dur=[\d.]+, db;dur=[\d.]+;desc="2 queries", cache;dur=0\.0$/);
    const profile = await app.get(answer.headers['x-profile'] ?? '', { as: admin });
    expect(profile.body).toMatchObject({
      request_id: id,
      endpoint: 'GET /users',
      status: 200,
      because: ['sampled', 'wanted'],
      is_full: true,
      query_count: 2,
      body_bytes: answer.text.length,
      process: { cpu_ms: expect.any(Number), gc_ms: expect.any(Number), heap_growth_bytes: expect.any(Number) },
    });
    expect(profile.headers['x-profile']).toBeUndefined();
  });

  it('says it to nobody else', async () => {
    for (const as of [undefined, await app.token('customer'), await app.token('seller')]) {
      expect((await app.get('/products/1', { as })).headers['x-profile']).toBeUndefined();
    }
    expect((await app.get('/users', { as: await app.token('customer') })).headers['x-profile']).toBeUndefined();
  });

  it('shows the steps of a request in their order and depth', async () => {
    const { headers } = await app.get('/fixture/spans');
    const { steps } = await read(`/requests/${headers['x-request-id']}`);
    const shown = (steps as Json[]).filter(({ kind }) => kind !== 'wait').map(({ kind, name, depth }) => [depth, kind, name]);
    expect(shown).toEqual([
      [0, 'handler', 'FixtureController.spans'],
      [1, 'span', 'FixtureController.work'],
      [2, 'span', 'counting'],
      [3, 'query', 'SELECT id, username FROM users WHERE id = ?'],
      [0, 'serialise', 'the answer'],
    ]);
    const [handler, , , query] = (steps as Json[]).filter(({ kind }) => kind !== 'wait');
    expect(handler?.['duration_ms']).toBeGreaterThanOrEqual(query?.['duration_ms']);
    expect(query?.['query']).toMatchObject({ rows: 1, is_in_transaction: false, error_code: null, parameters: [{ type: 'integer' }] });
  });

  it('keeps the types of parameters and marks, and no value anywhere', async () => {
    const secret = 'hunter2-the-secret';
    await makeLargeTable(app);
    await app.get(`/fixture/scan?kind=${secret}`);
    await app.post('/auth/login', { login: `${secret}@example.com`, password: secret });
    const { headers } = await app.get(`/fixture/scan?kind=${secret}`);
    const profile = await read(`/requests/${headers['x-request-id']}`);
    const query = (profile['steps'] as Json[]).find(({ kind }) => kind === 'query');
    expect(query?.['query']['parameters']).toEqual([{ type: 'text(18)', mark: expect.stringMatching(/^[0-9a-f]{8}$/) }]);
    const everything = await Promise.all(['/queries?limit=500', '/findings', '/requests?limit=500'].map(read));
    expect(JSON.stringify([profile, everything])).not.toContain('hunter2');
  });

  it('tells a failed statement by its code, not by its message', async () => {
    const { headers, status } = await app.get('/fixture/fails');
    const { steps, because } = await read(`/requests/${headers['x-request-id']}`);
    const query = (steps as Json[]).find(({ kind }) => kind === 'query');
    expect([status, because, query?.['query']['error_code']]).toEqual([500, ['sampled', 'failed'], '22012']);
  });

  it('lists statements with the places that issue them, and the server’s own figures', async () => {
    for (let n = 1; n <= 5; n += 1) await app.get(`/products/${n}`);
    const { statements, has_server_figures: hasServerFigures } = await read('/queries?limit=500');
    const detail = (statements as Json[]).find(({ text }) =>
      /FROM products p JOIN categories c .* WHERE p\.id = \? AND p\.is_active$/.test(text),
    );
    expect(hasServerFigures).toBe(true);
    expect(detail).toMatchObject({ kind: 'select', errors: 0, server: { calls: detail?.['calls'], rows: detail?.['rows'] } });
    const place = (detail!['endpoints'] as Json[]).find(({ endpoint }) => endpoint === 'GET /products/:id');
    expect(place?.['site']).toMatch(/^ProductsRepository\.find \(apps\/api\/src\/products\/products\.repository\.ts:\d+\)$/);
    const totals = (statements as Json[]).map((statement) => statement['total_ms'] as number);
    expect(totals).toEqual(totals.toSorted((a, b) => b - a));
  });

  it('does without the server’s figures where the extension is not', async () => {
    await app.query('DROP EXTENSION pg_stat_statements');
    const { statements, has_server_figures: hasServerFigures } = await read('/queries?limit=1');
    expect([hasServerFigures, statements[0].server]).toEqual([false, null]);
  });

  it('lists endpoints with their percentiles', async () => {
    for (let n = 0; n < 10; n += 1) await app.get('/health/live');
    const { endpoints } = await read('/endpoints');
    const live = (endpoints as Json[]).find(({ endpoint }) => endpoint === 'GET /health/live');
    expect(live).toMatchObject({ requests: 10, failed: 0, queries_per_request: 0, database_share: 0, captured: 10, baseline_p95_ms: null });
    expect(live?.['p50_ms']).toBeLessThanOrEqual(live?.['p99_ms']);
  });

  it('counts addresses that nobody has as one endpoint', async () => {
    for (const path of ['/no/1', '/no/2']) await app.get(path);
    const { endpoints } = await read('/endpoints');
    expect((endpoints as Json[]).find(({ endpoint }) => endpoint === 'GET unmatched')?.['requests']).toBe(2);
    expect(JSON.stringify(endpoints)).not.toContain('/no/');
  });

  it.each([
    ['/profiling', 1],
    ['/profiling/endpoints', 1],
    ['/profiling/queries', 3],
    ['/profiling/findings', 1],
    ['/profiling/requests', 1],
    ['/profiling/requests/none', 1],
  ])('answers %s with %d statements at most', async (path, most) => {
    expect((await app.queriesOf(() => app.get(path, { as: admin }))).count).toBeLessThanOrEqual(most);
  });

  it.each([
    ['/requests/none', 404, 'profile-not-found'],
    ['/requests/a%20b', 400, 'invalid-input'],
    ['/requests?limit=0', 400, 'invalid-input'],
    ['/requests?because=luck', 400, 'invalid-input'],
    ['/requests?min_ms=-1', 400, 'invalid-input'],
    ['/findings?kind=nothing', 400, 'invalid-input'],
    ['/queries?limit=501', 400, 'invalid-input'],
  ])('answers %s with %d', async (path, status, code) => {
    const answer = await app.get(`/profiling${path}`, { as: admin });
    expect([answer.status, answer.body['type']]).toEqual([status, `https://techmart.dev/problems/${code}`]);
  });
});

describe('the profiler at a sampling rate of 0', () => {
  let app: TestApp;
  let admin: string;
  const read = (path: string): Promise<Json> => profiling(app, admin, path);
  beforeAll(async () => {
    ({ app, admin } = await start({ sampleRate: 0, slowRequestMs: 300, requestBytes: 65_536 }));
    await makeLargeTable(app);
  });
  afterAll(() => app.close());

  it('keeps the slow and the failed requests with counts and times, and nothing that is sampled', async () => {
    const slow = (await app.get('/fixture/slow?ms=310&secret=x')).headers['x-request-id'];
    const failed = (await app.get('/fixture/fails')).headers['x-request-id'];
    expect(await read(`/requests/${failed}`)).toMatchObject({ because: expect.arrayContaining(['failed']), is_full: false, process: null });
    const profile = await read(`/requests/${slow}`);
    expect(profile).toMatchObject({ because: ['slow'], is_full: false, query_count: 1 });
    const query = (profile['steps'] as Json[]).find(({ kind }) => kind === 'query');
    expect(query).toMatchObject({
      name: 'WITH slept AS MATERIALIZED (SELECT pg_sleep(?::float)) SELECT count(*) FROM slept LEFT JOIN large ON kind = ?',
      query: { parameters: null },
    });
    expect(query?.['duration_ms']).toBeGreaterThanOrEqual(310);
  });

  it('lists them as they are asked for', async () => {
    const list = async (query: string) => ((await read(`/requests?${query}`))['requests'] as Json[]).map(({ endpoint }) => endpoint);
    expect(await list('because=failed')).toEqual(['GET /fixture/fails']);
    expect(await list('endpoint=GET+/fixture/slow&min_ms=310&limit=1')).toEqual(['GET /fixture/slow']);
    expect(await list('endpoint=GET+/fixture/slow&min_ms=3600000')).toEqual([]);
  });

  it('keeps its memory to its limits, and shows both', async () => {
    for (let n = 0; n < 60; n += 1) await app.get('/fixture/fails');
    const { memory, is_running: isRunning, sample_rate: sampleRate, failures } = await read('');
    expect([isRunning, sampleRate, failures]).toEqual([true, 0, { listeners: 0, plans: 0, baselines: 0 }]);
    expect(memory['requests']['limit_bytes']).toBe(65_536);
    for (const { bytes, limit_bytes: limit } of Object.values(memory as Record<string, Json>)) expect(bytes).toBeLessThanOrEqual(limit);
    expect(memory['requests']['evicted']).toBeGreaterThan(0);
  });

  it('makes no finding that needs parameters', async () => {
    await app.get('/fixture/one-by-one');
    expect(await findingsOf(app, admin, 'GET /fixture/one-by-one')).toEqual([]);
  });
});

describe('the profiler when it is off', () => {
  it('knows nothing, and no header points to it', async () => {
    const { app, admin } = await start({ isEnabled: false });
    try {
      expect((await app.get('/users', { as: admin })).headers['x-profile']).toBeUndefined();
      expect(await profiling(app, admin, '')).toMatchObject({ is_running: false, requests: 0, own_ms: 0 });
      expect(await profiling(app, admin, '/endpoints')).toEqual({ endpoints: [] });
    } finally {
      await app.close();
    }
  });
});
