import { AlertManager } from '@app/alerting';
import { BusinessMetrics } from '../src/ops/business/business.metrics.js';
import { AlertFigures, shopFigures, trafficFigures } from '../src/ops/alerts/alert-figures.js';
import { alertRules } from '../src/ops/alerts/alert-rules.js';
import { MovableClock } from './accounts.fixture.js';
import { startTestApp, type Json, type TestApp } from './app.harness.js';

describe('the figures of alerts', () => {
  it('leave out what too little traffic says', () => {
    const traffic = { elapsedMs: 10_000, requests: 0, serverErrors: 0, cacheReads: 10, cacheAnswered: 1, queries: 0, querySeconds: 0 };
    const latency = () => undefined;
    expect(trafficFigures({ ...traffic, latency })).toEqual({});
    expect(trafficFigures({ ...traffic, requests: 4, serverErrors: 1, cacheReads: 11, latency: () => 0.3 })).toEqual({
      error_ratio: 0.25,
      latency_p95_seconds: 0.3,
      cache_hit_ratio: 1 / 11,
    });
  });

  it('ask for orders in business hours only', () => {
    const report = {
      orders: { last_hour: 0 },
      products: { total: 20, low_stock: 2 },
      computed_at: new Date('2026-03-10T07:59:00Z'),
    } as never;
    const at = (time: string) => shopFigures(report, Date.parse(`2026-03-10T${time}Z`));
    expect(at('08:00:00')).toEqual({ business_age_seconds: 60, low_stock_ratio: 0.1, orders_last_hour_in_business_hours: 0 });
    expect(at('07:59:59').orders_last_hour_in_business_hours).toBeUndefined();
    expect([at('19:59:59'), at('20:00:00')].map((figures) => figures.orders_last_hour_in_business_hours)).toEqual([0, undefined]);
    expect(shopFigures(undefined, 0)).toEqual({});
  });
});

describe('the alerts of the process', () => {
  const clock = new MovableClock();
  let app: TestApp;
  let admin: string;
  let manager: AlertManager;
  let sample: jest.SpyInstance;
  beforeAll(async () => {
    app = await startTestApp({ clock, config: (base) => ({ ...base, alerts: { ...base.alerts, intervalMs: 0 } }) });
    admin = await app.token('admin');
    manager = app.resolve<AlertManager>(AlertManager);
  });
  beforeEach(() => {
    sample = jest.spyOn(app.resolve<AlertFigures>(AlertFigures), 'sample');
  });
  afterEach(() => sample.mockRestore());
  afterAll(() => app.close());

  const evaluate = (figures: Record<string, number>, afterSeconds = 0): void => {
    clock.advance(afterSeconds);
    sample.mockReturnValue(figures);
    manager.evaluate();
  };
  const list = async () => (await app.get('/monitoring/alerts', { as: admin })).body;
  const audited = async (action: string): Promise<Json | undefined> =>
    (await app.get(`/audit?action=${action}`, { as: admin })).body['entries'][0] as Json | undefined;

  it('measure every figure that a rule names', async () => {
    sample.mockRestore();
    await app.get('/products/1');
    const figures = app.resolve<AlertFigures>(AlertFigures);
    await app.resolve<BusinessMetrics>(BusinessMetrics).refresh();
    const read = figures.sample(clock);
    expect(alertRules.map(({ figure }) => figure).filter((name) => !(name in read))).toEqual([]);
    expect(read).toMatchObject({
      database_pool_waiting: 0,
      job_failures_15m: 0,
      n_plus_one_15m: 0,
      limiter_on_fallback: 0,
      redis_up: undefined,
    });
    expect(read.memory_used_ratio).toBeGreaterThan(0);
    expect(read.low_stock_ratio).toBeGreaterThanOrEqual(0);
  });

  it('are pending, then firing, acknowledged by an admin, and then history', async () => {
    evaluate({ database_up: 0 });
    expect((await list())['alerts']).toMatchObject([{ name: 'DatabaseDown', state: 'pending', fired_at: null }]);
    evaluate({ database_up: 0 }, 30);
    const [firing] = (await list())['alerts'] as Json[];
    expect(firing).toMatchObject({
      name: 'DatabaseDown',
      severity: 'critical',
      state: 'firing',
      value: 0,
      threshold: 1,
      summary: 'PostgreSQL does not answer',
      runbook_url: 'https://techmart.dev/runbooks#databasedown',
      acknowledged: null,
    });
    const path = `/monitoring/alerts/${firing?.['id']}/acknowledge`;
    expect((await app.post(path, { comment: 'on it' }, { as: admin })).body['acknowledged']).toMatchObject({
      by: 'user:1',
      comment: 'on it',
    });
    expect(await audited('alert.acknowledge')).toMatchObject({ actor: { username: 'admin' }, entity_id: firing?.['id'] });
    evaluate({ database_up: 1 }, 5);
    expect((await list())['alerts']).toEqual([]);
    const { body } = await app.get('/monitoring/alerts/history?limit=1', { as: admin });
    expect(body['alerts']).toMatchObject([{ name: 'DatabaseDown', state: 'resolved', acknowledged: { comment: 'on it' } }]);
    expect((await app.post(path, {}, { as: admin })).status).toBe(404);
  });

  it('can be silenced by rule for a time, and no longer', async () => {
    const silence = { rule: 'JobsFailing', minutes: 10, comment: 'a known fault' };
    const made = await app.post('/monitoring/alerts/silences', silence, { as: admin });
    expect([made.status, made.body]).toEqual([201, { id: expect.any(Number), rule: 'JobsFailing', by: 'user:1', comment: 'a known fault', until: new Date(clock.now() + 600_000).toISOString() }]); // prettier-ignore
    expect(await audited('alert.silence')).toMatchObject({ changes: { rule: 'JobsFailing', minutes: 10 } });
    evaluate({ job_failures_15m: 3 });
    expect(await list()).toMatchObject({ alerts: [{ name: 'JobsFailing', is_silenced: true }], silences: [{ rule: 'JobsFailing' }] });
    const path = `/monitoring/alerts/silences/${made.body['id']}`;
    expect([(await app.delete(path, { as: admin })).status, (await app.delete(path, { as: admin })).status]).toEqual([204, 404]);
    expect(await audited('alert.end_silence')).toMatchObject({ entity_id: made.body['id'] });
    expect((await list())['alerts']).toMatchObject([{ is_silenced: false }]);
    evaluate({ job_failures_15m: 0 });
  });

  it.each([
    [{ rule: 'Nothing', minutes: 1 }, '/rule'],
    [{ rule: 'LowStock', minutes: 0 }, '/minutes'],
    [{ rule: 'LowStock', minutes: 10_081 }, '/minutes'],
    [{ rule: 'LowStock', minutes: 1, comment: 'x'.repeat(501) }, '/comment'],
  ])('refuse the silence %j', async (body, pointer) => {
    const answer = await app.post('/monitoring/alerts/silences', body, { as: admin });
    expect([answer.status, answer.body['errors'][0].pointer]).toEqual([400, pointer]);
  });

  it('refuse more silences than anybody could mean', async () => {
    const statuses: number[] = [];
    for (let made = 0; made <= 100; made += 1)
      statuses.push((await app.post('/monitoring/alerts/silences', { rule: 'LowStock', minutes: 1 }, { as: admin })).status);
    expect([statuses.filter((status) => status === 201).length, statuses.at(-1)]).toEqual([100, 409]);
  });
});

describe('GET /monitoring/performance', () => {
  it('has measured figures in the shape that dashboards read', async () => {
    const app = await startTestApp({ config: (base) => ({ ...base, cache: { ...base.cache, isEnabled: true } }) });
    try {
      for (let read = 0; read < 5; read += 1) await app.get('/products/4');
      await app.get('/users/3/posts');
      const { status, body } = await app.get('/monitoring/performance', { as: await app.token('admin') });
      expect(status).toBe(200);
      expect(body['cache']).toMatchObject({
        hit_rate: expect.any(Number),
        total_operations: expect.any(Number),
        memory_usage: expect.any(Number),
      });
      expect(body['cache'].total_operations).toBeGreaterThanOrEqual(5);
      expect(body['cache'].hit_rate).toBeGreaterThan(0.5);
      expect(body['cache'].memory_usage).toBeGreaterThan(100);
      expect(body['database'].query_time_avg).toBeGreaterThan(0.01);
      expect(body['database'].active_connections + body['database'].idle_connections).toBeGreaterThan(0);
      expect(body['http'].p99_ms).toBeGreaterThanOrEqual(body['http'].p50_ms);
      expect(body['http'].error_ratio).toBe(0);
      expect(body['runtime'].rss_bytes).toBeGreaterThan(body['runtime'].heap_used_bytes);
      expect(body['load']).toEqual({ level: 'low', concurrency_limit: 256, in_flight: 0, queued: 0, is_limiting_alone: false });
    } finally {
      await app.close();
    }
  });
});
