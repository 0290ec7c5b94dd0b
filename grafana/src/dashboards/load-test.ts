import { dashboardOf, type Source } from '../frame.js';
import { toRunbook } from '../links.js';
import { graph, stacked, stat, table } from '../panels.js';
import { most, rate, routes, scope, total } from '../queries.js';

/** k6 writes to Prometheus by itself: `npm run load` labels a run as an instance of the job `k6`. */
const source: Source = { metric: 'k6_vus', job: 'k6', routes: 'k6_http_reqs_total' };

const run = [
  stat({
    title: 'Requests',
    description: 'Requests a second that k6 sent.',
    unit: 'reqps',
    queries: { requests: rate('k6_http_reqs_total', '', routes) },
  }),
  stat({
    title: 'Errors',
    description: 'Share of the answers that are neither accepted, nor 409, 429 or 503. The goal is less than 1 in 10,000.',
    unit: 'percentunit',
    queries: { errors: `max(k6_errors_rate{${scope}})` },
    limits: [0.0001, 0.01],
    links: [toRunbook('HighErrorRate')],
  }),
  stat({
    title: 'Accepted answers, 95th percentile',
    description: 'Of the slowest route. The goal of the mixed load is 50 ms over all routes.',
    unit: 's',
    queries: { p95: `max(k6_accepted_duration_p95{${routes}})` },
    limits: [0.05, 0.2],
    links: [toRunbook('HighLatency')],
  }),
  stat({
    title: 'Virtual users',
    description: 'As many as the arrivals need: they grow when answers become slow.',
    unit: 'short',
    queries: { users: total('k6_vus') },
  }),
  stat({
    title: 'Cache hits',
    description: 'Share of the cacheable answers that came from a cache, as their `Cache-Status` says.',
    unit: 'percentunit',
    queries: { hits: `avg(k6_cache_hits_rate{${scope}})` },
    limits: [0.95, 0.8],
    links: [toRunbook('CacheHitRateLow')],
  }),
  stat({
    title: 'Checks',
    description: 'Share of the answers that were what was asked for.',
    unit: 'percentunit',
    queries: { checks: `min(k6_checks_rate{${scope}})` },
    limits: [1, 0.9999],
  }),
];

const time = [
  stacked({
    title: 'Requests by route',
    description: 'A second.',
    unit: 'reqps',
    queries: { '{{route}}': rate('k6_http_reqs_total', 'route', routes) },
  }),
  graph({
    title: '95th percentile by route',
    description: 'Of accepted answers, since the start of the run, as the client saw them.',
    unit: 's',
    queries: { '{{route}}': most('k6_accepted_duration_p95', 'route', routes) },
    limits: [0.05, 0.2],
    links: [toRunbook('HighLatency')],
  }),
  graph({
    title: '99th percentile by route',
    description: 'Of accepted answers, since the start of the run.',
    unit: 's',
    queries: { '{{route}}': most('k6_accepted_duration_p99', 'route', routes) },
    links: [toRunbook('HighLatency')],
  }),
  stacked({
    title: 'Answers by status',
    description: 'A second. 429 and 503 are refusals, and no errors.',
    unit: 'reqps',
    queries: { '{{status}}': rate('k6_http_reqs_total', 'status', routes) },
  }),
  graph({
    title: 'Refused',
    description: 'Share of the requests answered with 429 (limited) and 503 (shed).',
    unit: 'percentunit',
    queries: { limited: `max(k6_limited_rate{${routes}})`, shed: `max(k6_shed_rate{${routes}})` },
    links: [toRunbook('LoadLevelCritical')],
  }),
  graph({
    title: 'Arrivals that were dropped',
    description: 'A second, since no virtual user was free: answers take longer than the script allows for.',
    unit: 'ops',
    queries: { dropped: `${rate('k6_dropped_iterations_total')} or 0 * ${rate('k6_iterations_total')}` },
  }),
  graph({
    title: 'Bytes',
    description: 'A second, as the client sent and received them.',
    unit: 'Bps',
    queries: { received: rate('k6_data_received_total'), sent: rate('k6_data_sent_total') },
  }),
  graph({
    title: 'Virtual users over time',
    description: 'In use, and ready.',
    unit: 'short',
    queries: { 'in use': total('k6_vus'), ready: total('k6_vus_max') },
  }),
  table(
    {
      title: 'Routes',
      description: 'Every route of the run with its present figures.',
      unit: 'short',
      queries: {
        requests: `sum by (route) (increase(k6_http_reqs_total{${routes}}[$__range]))`,
        p50: most('k6_accepted_duration_p50', 'route', routes),
        p95: most('k6_accepted_duration_p95', 'route', routes),
        p99: most('k6_accepted_duration_p99', 'route', routes),
      },
      width: 8,
    },
    { units: { p50: 's', p95: 's', p99: 's' } },
  ).height(8),
];

export const loadTest = () =>
  dashboardOf('load-test', 'A run of k6 while it goes on: `npm run load -- load --prometheus URL`. An instance is a run.', source, [
    ['The run', run],
    ['Over time', time],
  ]);
