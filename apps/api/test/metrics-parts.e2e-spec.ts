import { describeRedis, RedisServer } from '../../../libs/cache/test/redis-server.js';
import { QueueFigures } from '../src/events/queue-figures.js';
import { BusinessFiguresJob } from '../src/ops/business/business-figures.job.js';
import { BusinessMetrics } from '../src/ops/business/business.metrics.js';
import { PartWatch } from '../src/ops/health/part-watch.js';
import { RedisMetrics } from '../src/ops/metrics/redis.metrics.js';
import { startTestApp, type TestApp } from './app.harness.js';
import { metricsIn, namesIn, rulesOf, scrape } from './monitoring.fixture.js';
import { findingsOf, FixtureModule } from './profiling.fixture.js';

/** What rules read and this process does not export. */
const ofOthers: Readonly<Record<string, string>> = {
  up: 'Prometheus writes it for each target',
  probe_ssl_earliest_cert_expiry: 'the blackbox exporter has it, where somebody runs one',
};

/** What an operator is promised to see, by area. Rows that need a standby or a limit of memory have tests of their own. */
const promised: Readonly<Record<string, string>> = {
  HTTP: `http_requests_total http_request_duration_seconds_bucket http_requests_in_flight http_connections_active
    http_response_bytes_total http_slo_requests_total http_slo_good_total`,
  'the database': `database_up db_pool_max_connections db_pool_connections db_pool_idle_connections db_pool_waiting
    db_connection_wait_seconds_bucket db_query_duration_seconds_bucket db_queries_per_request_bucket db_errors_total db_exhausted_total`,
  'the cache': `cache_operations_total cache_load_duration_seconds_bucket cache_l1_entries cache_l1_bytes cache_l1_max_bytes
    cache_l1_evictions_total cache_circuit cache_backplane_attached cache_backplane_lag_seconds cache_pending_invalidations
    redis_up redis_keys redis_memory_used_bytes`,
  'the rate limiter': `rate_limit_decisions_total rate_limit_load_level rate_limit_concurrency_limit rate_limit_in_flight
    rate_limit_queued rate_limit_fallback`,
  'the profiler': 'profiling_findings_total',
  'the business': `techmart_users techmart_users_active_today techmart_users_new_today techmart_products techmart_products_low_stock
    techmart_orders techmart_orders_today techmart_orders_yesterday techmart_orders_growth_percent techmart_revenue_today
    techmart_revenue_30_days techmart_order_value_average techmart_top_product_sold techmart_cart_conversion_ratio`,
  'the process': `process_cpu_seconds_total process_resident_memory_bytes process_memory_limit_bytes nodejs_heap_size_used_bytes
    nodejs_heap_size_total_bytes nodejs_eventloop_lag_p99_seconds nodejs_eventloop_utilization_ratio nodejs_gc_duration_seconds_count
    process_open_fds build_info process_start_time_seconds`,
  'background work': `techmart_events_waiting techmart_events_dead techmart_events_oldest_age_seconds techmart_job_runs_total
    techmart_job_last_success_timestamp_seconds`,
};

describe('metricsIn', () => {
  it('finds metrics, and takes neither functions nor labels for any', () => {
    expect(metricsIn('sum by (job, le) (rate(a_total{result=~"x|y"}[5m])) / (b:c:d > 1) and on () (hour() >= 8)')).toEqual([
      'a_total',
      'b:c:d',
    ]);
  });
});

describeRedis('GET /metrics of an application with all its parts', () => {
  let redis: RedisServer;
  let app: TestApp;
  let bootedAt: number;
  beforeAll(async () => {
    bootedAt = Date.now() / 1000;
    redis = await RedisServer.start();
    app = await startTestApp({
      modules: [FixtureModule],
      config: (base) => ({
        ...base,
        role: 'all',
        redis: { url: redis.url, stateUrl: redis.url },
        cache: { ...base.cache, isEnabled: true },
        profiling: { ...base.profiling, sampleRate: 1, slowQueryMs: 60_000 },
        // On a busy machine the limits would shrink.
        rateLimit: { ...base.rateLimit, mode: 'on', loadLevel: 'low' },
      }),
    });
    await app.resolve<BusinessFiguresJob>(BusinessFiguresJob).run();
    await app.resolve<BusinessMetrics>(BusinessMetrics).refresh();
    await app.resolve<PartWatch>(PartWatch).look();
  });
  afterAll(async () => {
    await app.close();
    await redis.stop();
  });

  it('has every metric that a rule of Prometheus reads', async () => {
    await app.get('/products/1');
    const rules = [...rulesOf('prometheus/rules/recording.yml'), ...rulesOf('prometheus/rules/alerts.yml')];
    const recorded = rules.flatMap(({ record }) => record ?? []);
    const known = new Set([...namesIn(await scrape(app)), ...recorded, ...Object.keys(ofOthers)]);
    const read = new Set(rules.flatMap(({ expr }) => metricsIn(expr)));
    expect(read.size).toBeGreaterThan(30);
    expect([...read].filter((name) => !known.has(name))).toEqual([]);
  });

  it.each(Object.entries(promised))('has a figure, which is a number, for all of %s', async (_area, names) => {
    const wanted = names.split(/\s+/);
    const missingIn = (series: ReadonlyMap<string, number>) => {
      const known = namesIn(new Map([...series].filter(([, value]) => Number.isFinite(value))));
      return wanted.filter((name) => !known.has(name));
    };
    await app.get('/products/1');
    let missing = missingIn(await scrape(app));
    // Jobs and looks go on in the background, and garbage is collected when there is some.
    for (let look = 0; missing.length > 0 && look < 100; look += 1) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      missing = missingIn(await scrape(app));
    }
    expect(missing).toEqual([]);
  });

  it('counts each read of the cache by layer, type and result, and times loads', async () => {
    const of = (layer: string, result: string) => `cache_operations_total{layer="${layer}",type="product_detail",result="${result}"}`;
    const loads = 'cache_load_duration_seconds_count{type="product_detail"}';
    const before = await scrape(app);
    for (let read = 0; read < 4; read += 1) await app.get('/products/9');
    const after = await scrape(app);
    const growth = (series: string) => (after.get(series) ?? 0) - (before.get(series) ?? 0);
    expect([growth(of('loader', 'miss')), growth(of('l1', 'hit')), growth(loads)]).toEqual([1, 3, 1]);
    expect(after.get('cache_l1_entries')).toBeGreaterThan(0);
    expect(after.get('cache_l1_bytes')).toBeGreaterThan(0);
    expect(after.get('cache_circuit{state="closed"}')).toBe(1);
    expect(after.get('cache_circuit{state="open"}')).toBe(0);
    expect(after.get('cache_backplane_lag_seconds')).toBeLessThan(5);
  });

  it('counts what the limiter decides, by route and result', async () => {
    for (let attempt = 0; attempt < 6; attempt += 1) await app.post('/auth/register', {});
    const series = await scrape(app);
    const of = (result: string) => series.get(`rate_limit_decisions_total{method="POST",route="/auth/register",result="${result}"}`);
    expect([of('allowed'), of('limited')]).toEqual([5, 1]);
    expect(series.get('rate_limit_load_level')).toBeLessThanOrEqual(3);
    expect(series.get('rate_limit_concurrency_limit')).toBe(256);
    expect(series.get('rate_limit_fallback')).toBe(0);
  });

  it('shows findings by kind and route, and a zero for each route before its first one', async () => {
    const n1 = (route: string) => `profiling_findings_total{kind="n-plus-one",method="GET",route="${route}"}`;
    expect((await scrape(app)).get(n1('/fixture/one-by-one'))).toBe(0);
    expect((await scrape(app)).get(n1('/products/:id'))).toBe(0);
    await app.get('/fixture/one-by-one');
    await findingsOf(app, await app.token('admin'), 'GET /fixture/one-by-one');
    expect((await scrape(app)).get(n1('/fixture/one-by-one'))).toBe(1);
  });

  it('shows the jobs with their last success, and no failure before there is one', async () => {
    for (let look = 0; look < 100; look += 1) {
      const last = (await scrape(app)).get('techmart_job_last_success_timestamp_seconds{job="business-figures"}');
      if (last !== undefined) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const series = await scrape(app);
    expect(series.get('techmart_job_last_success_timestamp_seconds{job="business-figures"}')).toBeGreaterThanOrEqual(bootedAt);
    expect(series.get('techmart_job_runs_total{job="business-figures",outcome="failed"}')).toBe(0);
  });

  it('shows what Redis holds and may hold, and no limit before it has one', async () => {
    const client = await redis.connect();
    const look = async () => {
      await app.resolve<RedisMetrics>(RedisMetrics).look();
      const series = await scrape(app);
      return ['redis_keys', 'redis_memory_max_bytes'].map((name) => series.get(`${name}{server="cache"}`));
    };
    expect(await look()).toEqual([await client.dbSize(), undefined]);
    expect((await scrape(app)).get('redis_memory_used_bytes{server="cache"}')).toBeGreaterThan(100_000);
    await client.configSet('maxmemory', '67108864');
    await client.set('one-more', '1');
    expect(await look()).toEqual([await client.dbSize(), 67_108_864]);
    await client.configSet('maxmemory', '0');
    await client.del('one-more');
  });

  it('shows how events and deliveries may end before one has', async () => {
    const series = await scrape(app);
    const of = (name: string) => ['delivered', 'failed', 'dead'].map((outcome) => series.get(`${name}{outcome="${outcome}"}`));
    expect([...of('techmart_outbox_dispatched_total'), ...of('techmart_webhook_deliveries_total')]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('asks the database nothing in a scrape, the queues included', async () => {
    await app.resolve<QueueFigures>(QueueFigures).refresh();
    const { count, result } = await app.queriesOf(() => app.get('/metrics'));
    expect(count).toBe(0);
    expect(result.text).toMatch(/^techmart_events_waiting\{queue="outbox"\} \d+$/m);
  });

  it('says within a look that Redis is away, and that it is back', async () => {
    const parts = app.resolve<PartWatch>(PartWatch);
    const up = async () => {
      await parts.look();
      const series = await scrape(app);
      return ['database_up', 'redis_up{server="cache"}', 'redis_up{server="state"}'].map((name) => series.get(name));
    };
    expect(await up()).toEqual([1, 1, 1]);
    await redis.kill();
    expect(await up()).toEqual([1, 0, 0]);
    await redis.start();
    let seen = await up();
    for (let attempt = 0; seen.includes(0) && attempt < 100; attempt += 1) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      seen = await up();
    }
    expect(seen).toEqual([1, 1, 1]);
  });
});

describe('GET /metrics of an application without Redis', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ seeded: false });
  });
  afterAll(() => app.close());

  it('has no row for a server that nobody configured', async () => {
    await app.resolve<PartWatch>(PartWatch).look();
    const names = namesIn(await scrape(app));
    expect([names.has('database_up'), names.has('redis_up'), names.has('cache_circuit'), names.has('redis_keys')]).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });
});
