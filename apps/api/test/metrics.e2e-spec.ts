import { findCgroupMemory, memoryLimitOf } from '@app/common';
import { readFileSync } from 'node:fs';
import { startTestApp, type TestApp } from './app.harness.js';

describe('GET /metrics', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp();
  });
  afterAll(() => app.close());

  const scrape = async (): Promise<string[]> => (await app.get('/metrics')).text.split('\n');
  const value = (lines: readonly string[], series: string): number =>
    Number(lines.find((line) => line.startsWith(`${series} `))?.slice(series.length + 1));

  it('is OpenMetrics: a type and help for each metric, and an end', async () => {
    const { headers, text } = await app.get('/metrics');
    expect(headers['content-type']).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    expect(text.endsWith('# EOF\n')).toBe(true);
    const names = [...text.matchAll(/^# TYPE (\S+) /gm)].map((match) => match[1]);
    expect(new Set(names).size).toBe(names.length);
  });

  it('counts exactly the requests that were answered, by route template', async () => {
    const series = 'http_requests_total{method="GET",route="/products/:id",status_class="2xx"}';
    const duration = 'http_request_duration_seconds_count{method="GET",route="/products/:id",status_class="2xx"}';
    const before = value(await scrape(), series) || 0;
    await Promise.all(Array.from({ length: 37 }, (_, index) => app.get(`/products/${(index % 5) + 1}`)));
    const after = await scrape();
    expect([value(after, series), value(after, duration)]).toEqual([before + 37, before + 37]);
  });

  it('gains no more than one series of requests from 10,000 addresses that do not exist', async () => {
    const requestSeries = async (): Promise<number> => (await scrape()).filter((line) => line.startsWith('http_requests_total{')).length;
    const before = await requestSeries();
    for (let batch = 0; batch < 100; batch += 1)
      await Promise.all(Array.from({ length: 100 }, (_, index) => app.get(`/nowhere-${batch}/${index}?x=${index}`)));
    expect(await requestSeries()).toBe(before + 1);
    const unmatched = 'http_requests_total{method="GET",route="unmatched",status_class="4xx"}';
    expect(value(await scrape(), unmatched)).toBe(10_000);
  }, 120_000);

  it('does not let made-up methods make series either', async () => {
    const series = async () =>
      (await scrape()).filter((line) => line.startsWith('http_requests_total{') && line.includes('unmatched')).length;
    await app.get('/nowhere');
    const before = await series();
    for (const method of ['PROPFIND', 'MKCOL', 'TRACE'] as const) await app.nest.inject({ method: method as 'GET', url: '/nowhere' });
    expect(await series()).toBeLessThanOrEqual(before + 1);
  });

  it('shows the pool, the statements and the process as they are', async () => {
    await app.get('/products/1');
    const lines = await scrape();
    expect(value(lines, 'db_pool_max_connections')).toBeGreaterThan(0);
    expect(value(lines, 'db_pool_connections')).toBeGreaterThan(0);
    expect(value(lines, 'db_query_duration_seconds_count{kind="select"}')).toBeGreaterThan(0);
    expect(value(lines, 'process_memory_limit_bytes')).toBeGreaterThan(100_000_000);
    expect(lines.find((line) => line.startsWith('build_info{'))).toMatch(/version="\d+\.\d+\.\d+"/);
  });

  it('shows the memory of the control group as the kernel counts it, and no row for what this machine does not count', async () => {
    const files = findCgroupMemory();
    const read = (file: string | undefined): string => (file === undefined ? '' : readFileSync(file, 'utf8').trim());
    const lines = await scrape();
    const usage = value(lines, 'cgroup_memory_usage_bytes');
    // Others may be in the group, and the figure moves.
    expect(files === undefined ? Number.isNaN(usage) : Math.abs(usage / Number(read(files.usage)) - 1) < 0.5).toBe(true);
    expect(value(lines, 'cgroup_memory_limit_bytes')).toBe(memoryLimitOf(read(files?.limit)) ?? Number.NaN);
  });
});
