import { newRequestContext, requestFinished, type RequestFinished } from '@app/common';
import { register, Registry } from 'prom-client';
import { HttpMetrics } from './http.metrics.js';

const fact = (given: Partial<RequestFinished> = {}): RequestFinished => ({
  request: undefined,
  method: 'GET',
  route: '/products/:id',
  statusCode: 200,
  durationMs: 3,
  responseBytes: 100,
  ...given,
});

const read = async (name: string): Promise<Record<string, number>> => {
  const lines = (await register.metrics()).split('\n').filter((line) => line.startsWith(name));
  return Object.fromEntries(lines.map((line) => [line.split(' ')[0], Number(line.split(' ')[1])]));
};

describe('HttpMetrics', () => {
  let metrics: HttpMetrics;
  beforeEach(() => {
    register.clear();
    register.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never);
    metrics = new HttpMetrics({ build: {}, latencyObjectiveSeconds: 0.2, isOutsideObjectives: (route) => route === '/metrics' });
    metrics.onModuleInit();
  });
  afterEach(() => metrics.onModuleDestroy());

  it('counts answers by method, route and status class', async () => {
    for (const statusCode of [200, 204, 404]) requestFinished.publish(fact({ statusCode }));
    requestFinished.publish(fact({ method: 'POST' }));
    expect(await read('http_requests_total')).toEqual({
      'http_requests_total{method="GET",route="/products/:id",status_class="2xx"}': 2,
      'http_requests_total{method="GET",route="/products/:id",status_class="4xx"}': 1,
      'http_requests_total{method="POST",route="/products/:id",status_class="2xx"}': 1,
    });
    expect(await read('http_response_bytes_total{method="GET",route="/products/:id",status_class="2xx"}')).toEqual({
      'http_response_bytes_total{method="GET",route="/products/:id",status_class="2xx"}': 200,
    });
  });

  it('says the same when it is asked twice', async () => {
    requestFinished.publish(fact());
    const first = await register.metrics();
    expect(await register.metrics()).toBe(first);
  });

  it('judges by the objectives: server errors are not available, and neither they nor slow answers are fast', async () => {
    requestFinished.publish(fact());
    requestFinished.publish(fact({ durationMs: 200 }));
    requestFinished.publish(fact({ durationMs: 201 }));
    requestFinished.publish(fact({ statusCode: 503 }));
    requestFinished.publish(fact({ statusCode: 429 }));
    requestFinished.publish(fact({ route: '/metrics', statusCode: 500 }));
    expect(await read('http_slo')).toEqual({
      'http_slo_requests_total{slo="availability"}': 5,
      'http_slo_requests_total{slo="latency"}': 5,
      'http_slo_good_total{slo="availability"}': 4,
      'http_slo_good_total{slo="latency"}': 3,
    });
  });

  it('names a slow request in an exemplar, and counts the statements of each', async () => {
    const request = newRequestContext('slow-one', 0);
    request.queryCount = 4;
    requestFinished.publish(fact({ request, durationMs: 250 }));
    requestFinished.publish(fact({ request: newRequestContext('fast-one', 0) }));
    const text = await register.metrics();
    expect([...text.matchAll(/# \{request_id="([^"]+)"\} ([\d.]+)/g)].map(([, id, value]) => [id, value])).toEqual([['slow-one', '0.25']]);
    expect(text).toContain('db_queries_per_request_bucket{le="0"} 1\n');
    expect(text).toContain('db_queries_per_request_bucket{le="5"} 2\n');
  });

  it('hears nothing any more once its module is gone', async () => {
    metrics.onModuleDestroy();
    requestFinished.publish(fact());
    expect(await read('http_requests_total{')).toEqual({});
  });
});
