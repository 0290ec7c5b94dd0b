import { Registry } from 'prom-client';
import { FastHistogram } from './fast-histogram.js';

function build() {
  const registry = new Registry();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never);
  const histogram = new FastHistogram({
    name: 'took_seconds',
    help: 'x',
    labelNames: ['route'],
    buckets: [0.1, 0.2, 1],
    registers: [registry],
  });
  return { registry, histogram };
}

const linesOf = async (registry: Registry): Promise<string[]> =>
  (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));

describe('FastHistogram', () => {
  it('is written as Prometheus expects: cumulative buckets, a bound included in its bucket', async () => {
    const { registry, histogram } = build();
    const series = histogram.addSeries({ route: '/a' });
    for (const value of [0.05, 0.2, 0.2, 0.5, 3]) series.observe(value);
    expect(await linesOf(registry)).toEqual([
      'took_seconds_bucket{route="/a",le="0.1"} 1',
      'took_seconds_bucket{route="/a",le="0.2"} 3',
      'took_seconds_bucket{route="/a",le="1"} 4',
      'took_seconds_bucket{route="/a",le="+Inf"} 5',
      'took_seconds_sum{route="/a"} 3.95',
      'took_seconds_count{route="/a"} 5',
    ]);
  });

  it('shows an exemplar at the bucket that its value fell into', async () => {
    const { registry, histogram } = build();
    const series = histogram.addSeries({ route: '/a' });
    const bucket = series.observe(0.15);
    series.exemplars[bucket] = { labelSet: { request_id: 'r1' }, value: 0.15, timestamp: 12 };
    expect((await linesOf(registry))[1]).toBe('took_seconds_bucket{route="/a",le="0.2"} 1 # {request_id="r1"} 0.15 12');
  });

  it('is shown as JSON too', async () => {
    const { histogram } = build();
    histogram.addSeries({ route: '/a' }).observe(0.3);
    const { values } = await histogram.get();
    expect(values.at(-1)).toEqual({ labels: { route: '/a' }, value: 1, metricName: 'took_seconds_count' });
  });
});
