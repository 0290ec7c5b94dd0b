import { cacheAccessed, findingMade, limitChecked, type CacheAccessed } from '@app/common';
import { register } from 'prom-client';
import { CacheMetrics } from './cache.metrics.js';
import { FindingMetrics } from './finding.metrics.js';
import { LimitMetrics } from './limit.metrics.js';

const read = async (name: string): Promise<Record<string, number>> => {
  const lines = (await register.metrics()).split('\n').filter((line) => line.startsWith(name));
  return Object.fromEntries(lines.map((line) => [line.split(' ')[0], Number(line.split(' ')[1])]));
};

beforeEach(() => register.clear());

describe('CacheMetrics', () => {
  const fact = (given: Partial<CacheAccessed>): CacheAccessed => ({
    type: 'product',
    key: 'product:1',
    layer: 'L1',
    result: 'hit',
    durationMs: 0,
    loadMs: 0,
    ...given,
  });

  it('counts reads by layer, type and result, times the loads, and knows what share was answered', async () => {
    const metrics = new CacheMetrics();
    metrics.onModuleInit();
    for (const result of ['hit', 'hit', 'stale', 'negative'] as const) cacheAccessed.publish(fact({ result }));
    cacheAccessed.publish(fact({ layer: 'loader', result: 'miss', loadMs: 20 }));
    cacheAccessed.publish(fact({ layer: 'loader', result: 'wait', durationMs: 20 }));
    metrics.onModuleDestroy();
    cacheAccessed.publish(fact({}));
    expect(await read('cache_operations_total')).toEqual({
      'cache_operations_total{layer="l1",type="product",result="hit"}': 2,
      'cache_operations_total{layer="l1",type="product",result="stale"}': 1,
      'cache_operations_total{layer="l1",type="product",result="negative"}': 1,
      'cache_operations_total{layer="loader",type="product",result="miss"}': 1,
      'cache_operations_total{layer="loader",type="product",result="wait"}': 1,
    });
    expect(await read('cache_load_duration_seconds_sum')).toEqual({ 'cache_load_duration_seconds_sum{type="product"}': 0.02 });
    expect(metrics.totals).toEqual({ reads: 6, answered: 4 });
  });
});

describe('LimitMetrics', () => {
  it('counts decisions by route, the two keys of a route together, and those in shadow mode apart', async () => {
    const metrics = new LimitMetrics();
    metrics.onModuleInit();
    const decided = { result: 'limited', isShadowed: false, loadLevel: 'low' } as const;
    limitChecked.publish({ ...decided, policy: 'POST /auth/login' });
    limitChecked.publish({ ...decided, policy: 'POST /auth/login email' });
    limitChecked.publish({ ...decided, policy: 'unmatched', isShadowed: true });
    metrics.onModuleDestroy();
    limitChecked.publish({ ...decided, policy: 'unmatched' });
    expect(await read('rate_limit_decisions_total')).toEqual({
      'rate_limit_decisions_total{method="POST",route="/auth/login",result="limited"}': 2,
      'rate_limit_decisions_total{method="",route="unmatched",result="shadowed"}': 1,
    });
  });
});

describe('FindingMetrics', () => {
  it('shows a zero where a finding is expected, and counts those that are made', async () => {
    const metrics = new FindingMetrics();
    metrics.onModuleInit();
    metrics.expect(['GET /posts']);
    findingMade.publish({ kind: 'n-plus-one', endpoint: 'GET /posts' });
    findingMade.publish({ kind: 'uncached', endpoint: 'background' });
    metrics.onModuleDestroy();
    findingMade.publish({ kind: 'uncached', endpoint: 'background' });
    expect(await read('profiling_findings_total')).toEqual({
      'profiling_findings_total{kind="n-plus-one",method="GET",route="/posts"}': 1,
      'profiling_findings_total{kind="slow-query",method="GET",route="/posts"}': 0,
      'profiling_findings_total{kind="uncached",method="",route="background"}': 1,
    });
    expect([metrics.count('n-plus-one'), metrics.count('regression')]).toEqual([1, 0]);
  });
});
