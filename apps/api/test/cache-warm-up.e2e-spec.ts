import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import type { Config } from '../src/config.js';
import { WarmUpService } from '../src/ops/cache/warm-up.service.js';
import { startTestApp, type Json, type TestApp } from './app.harness.js';
import { startProgram, type Program } from './kills/program.fixture.js';
import { ensureBuilt } from './setup/test-database.js';

const cached = (base: Config): Config => ({ ...base, cache: { ...base.cache, isEnabled: true } });

describe('the warm-up', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ config: cached });
  });
  afterAll(() => app.close());

  const warm = async (as: string): Promise<Json> => (await app.post('/cache/warm', undefined, { as })).body;

  it('loads what visitors ask for first, so that they cost the database nothing', async () => {
    const admin = await app.token('admin');
    const first = await warm(admin);
    expect(first).toMatchObject({ cached: 0, failed: 0, skipped: 0 });
    expect(first['loaded']).toBeGreaterThan(50);
    const [product = {}] = (await app.get('/products/popular?limit=50')).body['products'] as Json[];
    const [shelf = {}] = (await app.get('/categories')).body['categories'] as Json[];
    const paths = ['/categories', '/products', '/products/popular', '/posts', '/posts/trending', '/stats', `/products/${product['id']}`];
    const { count, result } = await app.queriesOf(() =>
      Promise.all([...paths, `/categories/${shelf['id']}/products`].map((path) => app.get(path))),
    );
    expect([count, new Set(result.map(({ status }) => status))]).toEqual([0, new Set([200])]);
    expect(await warm(admin)).toMatchObject({ loaded: 0, cached: first['loaded'], failed: 0, skipped: 0 });
    const { entries } = (await app.get('/audit?action=cache.warm', { as: admin })).body;
    expect(entries.map(({ actor }: Json) => actor.id)).toEqual([1, 1]);
  });

  it('runs once for all who ask at the same time', async () => {
    const service = app.resolve<WarmUpService>(WarmUpService);
    const [one, other] = await Promise.all([service.run(10_000), service.run(10_000)]);
    expect(one).toBe(other);
  });

  it('leaves out what there is no time for', async () => {
    const report = await app.resolve<WarmUpService>(WarmUpService).run(0);
    expect(report).toMatchObject({ loaded: 0, cached: 0, failed: 0 });
    expect(report.skipped).toBeGreaterThan(0);
  });

  it('ends with the application: what it has asked for is answered, and it asks for no more', async () => {
    const brief = await startTestApp({ config: cached });
    const running = brief.resolve<WarmUpService>(WarmUpService).run(10_000);
    await brief.close();
    const report = await running;
    expect([report.failed, report.skipped > 0]).toEqual([0, true]);
  });

  it('counts what is refused, and goes on', async () => {
    const rateLimit = (base: Config): Config => ({
      ...cached(base),
      rateLimit: { ...base.rateLimit, mode: 'on', loadLevel: 'low', overrides: [{ route: '*', limit: 1, algorithm: 'gcra' }] },
    });
    const strict = await startTestApp({ config: rateLimit, beside: app });
    const report = await strict.resolve<WarmUpService>(WarmUpService).run(10_000);
    await strict.close();
    expect([report.failed > 0, report.loaded > 0]).toEqual([true, true]);
  });
});

describe('the program', () => {
  let folder: string;
  let program: Program | undefined;
  beforeAll(() => ensureBuilt());
  beforeEach(() => {
    folder = mkdtempSync('/var/tmp/techmart-warm-');
    chmodSync(folder, 0o755);
  });
  afterEach(async () => {
    await program?.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is ready once it is warm, and counts none of its own requests as served', async () => {
    program = await startProgram({ DATA_DIR: folder, SEED_SCALE: '0.01', CACHE_WARM_UP_MS: '60000', RATE_LIMIT: 'off' });
    const { url } = program;
    while ((await fetch(`${url}/health/ready`)).status !== 200) await new Promise((resolve) => setTimeout(resolve, 20));
    const page = await fetch(`${url}/products/popular`);
    expect(page.headers.get('cache-status')).toMatch(/^techmart; hit/);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    const served = [...metrics.matchAll(/^http_requests_total\{.*route="(\/[^"]*)".*\} (\d+)/gm)].map(([, route]) => route);
    expect(new Set(served)).toEqual(new Set(['/health/ready', '/products/popular']));
  }, 120_000);
});
