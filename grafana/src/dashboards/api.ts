import { application, dashboardOf } from '../frame.js';
import { toDashboard, toRoute, toRunbook } from '../links.js';
import { graph, heatmap, stacked, table } from '../panels.js';
import { mean, quantile, rate, routes, statusRatio } from '../queries.js';

const requests = 'http_requests_total';
const duration = 'http_request_duration_seconds';
const name = '{{method}} {{route}}';
const byRoute = 'method, route';

const latency = [
  graph({
    title: 'Requests by route',
    description: 'Answers a second. Routes are templates; unknown addresses are `unmatched`.',
    unit: 'reqps',
    queries: { [name]: rate(requests, byRoute, routes) },
    width: 12,
  }),
  graph({
    title: 'Mean latency by route',
    description: 'Whole requests, from the first byte to the end of the answer.',
    unit: 's',
    queries: { [name]: mean(duration, byRoute, routes) },
    width: 12,
    links: [toRunbook('HighLatency')],
  }),
  graph({
    title: '95th percentile by route',
    description: 'One answer in twenty takes longer. Which statements take the time, the profiler tells: /profiling/endpoints.',
    unit: 's',
    queries: { [name]: quantile(0.95, duration, byRoute, routes) },
    limits: [0.2, 0.5],
    width: 12,
    links: [toRunbook('HighLatency'), toDashboard('database')],
  }),
  graph({
    title: '99th percentile by route',
    description: 'One answer in a hundred takes longer.',
    unit: 's',
    queries: { [name]: quantile(0.99, duration, byRoute, routes) },
    width: 12,
    links: [toRunbook('HighLatency')],
  }),
  heatmap({
    title: 'Latency, all of it',
    description: 'How many answers fell into which bucket: two bands are two kinds of answers, such as hits and misses.',
    unit: 's',
    queries: { '{{le}}': `sum by (le) (increase(${duration}_bucket{${routes}}[$__rate_interval]))` },
  }),
];

const errors = [
  graph({
    title: 'Server errors by route',
    description: 'Share of the answers of a route that are 5xx.',
    unit: 'percentunit',
    queries: { [name]: statusRatio('5xx', byRoute, routes) },
    links: [toRunbook('HighErrorRate')],
  }),
  graph({
    title: 'Client errors by route',
    description: 'Share of the answers of a route that are 4xx, 429 among them.',
    unit: 'percentunit',
    queries: { [name]: statusRatio('4xx', byRoute, routes) },
  }),
  graph({
    title: 'Refusals by route',
    description: 'Requests a second that the limiter did not let through: limited (429), shed (503) or denied (403).',
    unit: 'reqps',
    queries: {
      '{{method}} {{route}} {{result}}': rate(
        'rate_limit_decisions_total',
        'method, route, result',
        `${routes}, result=~"limited|shed|denied"`,
      ),
    },
    links: [toRunbook('LoadLevelCritical')],
  }),
];

const size = [
  stacked({
    title: 'Bytes sent by route',
    description: 'Bodies as they went out, compressed where they were.',
    unit: 'Bps',
    queries: { [name]: rate('http_response_bytes_total', byRoute, routes) },
  }),
  graph({
    title: 'Bytes of an answer',
    description: 'The mean body of a route. What grows here without a release reads more than it should.',
    unit: 'bytes',
    queries: { [name]: `${rate('http_response_bytes_total', byRoute, routes)} / ${rate(requests, byRoute, routes)}` },
  }),
  graph({
    title: 'Statements of a request',
    description: 'Mean and 95th percentile over all routes. A list that asks once per row shows here first.',
    unit: 'short',
    queries: { mean: mean('db_queries_per_request'), p95: quantile(0.95, 'db_queries_per_request') },
    links: [toRunbook('NPlusOneAppeared'), toDashboard('database')],
  }),
  table(
    {
      title: 'Routes',
      description: 'Every chosen route with its present figures. A row narrows this dashboard to its route.',
      unit: 'short',
      queries: {
        'a second': rate(requests, byRoute, routes),
        mean: mean(duration, byRoute, routes),
        p95: quantile(0.95, duration, byRoute, routes),
        p99: quantile(0.99, duration, byRoute, routes),
        '4xx': statusRatio('4xx', byRoute, routes),
        '5xx': statusRatio('5xx', byRoute, routes),
      },
    },
    { units: { 'a second': 'reqps', mean: 's', p95: 's', p99: 's', '4xx': 'percentunit', '5xx': 'percentunit' }, links: [toRoute()] },
  ),
];

export const api = () =>
  dashboardOf(
    'api',
    'Each route: how often it is asked, how long it takes, what it refuses and what it sends.',
    { ...application, routes: requests },
    [
      ['Rate and latency', latency],
      ['Errors and refusals', errors],
      ['Size and effort', size],
    ],
  );
