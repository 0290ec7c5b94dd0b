import { application, dashboardOf } from '../frame.js';
import { toDashboard, toRoute, toRunbook } from '../links.js';
import { graph, stacked, stat, table } from '../panels.js';
import { most, quantile, rate, routes, statusRatio, total } from '../queries.js';

const requests = 'http_requests_total';
const duration = 'http_request_duration_seconds';

const red = [
  stat({
    title: 'Requests',
    description: 'Answers a second, of any status, over all chosen replicas and routes.',
    unit: 'reqps',
    queries: { requests: rate(requests, '', routes) },
    links: [toDashboard('api')],
  }),
  stat({
    title: 'Server errors',
    description: 'Share of the answers that are 5xx. From 5 % for two minutes on, somebody is called.',
    unit: 'percentunit',
    queries: { errors: statusRatio('5xx', '', routes) },
    limits: [0.001, 0.05],
    links: [toRunbook('HighErrorRate')],
  }),
  stat({
    title: 'Latency, 95th percentile',
    description: 'One answer in twenty takes longer. The objective is 0.2 s.',
    unit: 's',
    queries: { p95: quantile(0.95, duration, '', routes) },
    limits: [0.2, 0.5],
    links: [toRunbook('HighLatency')],
  }),
  stat({
    title: 'Alerts',
    description: 'Alerts that fire now; the annotations in the graphs tell since when.',
    unit: 'short',
    queries: { firing: 'count(ALERTS{alertstate="firing", job=~"$job"}) or vector(0)' },
    limits: [1, 3],
  }),
  stat(
    {
      title: 'Load level',
      description: 'The highest of all replicas. It lowers limits: medium to 70 %, high to 40 %, critical to 10 %.',
      unit: 'short',
      queries: { level: most('rate_limit_load_level') },
      limits: [1, 3],
      links: [toRunbook('LoadLevelCritical'), toDashboard('runtime')],
    },
    { 0: 'low', 1: 'medium', 2: 'high', 3: 'critical' },
  ),
  stat({
    title: 'Cache hits',
    description: 'Share of the reads that a layer of the cache answered.',
    unit: 'percentunit',
    queries: {
      hits: `${rate('cache_operations_total', '', 'job=~"$job", instance=~"$instance", result=~"hit|stale|negative"')} / ${rate('cache_operations_total')}`,
    },
    limits: [0.95, 0.8],
    links: [toRunbook('CacheHitRateLow'), toDashboard('cache')],
  }),
  stacked({
    title: 'Requests by status',
    description: 'Answers a second by status class. 429 is among 4xx, and what the limiter sheds among 5xx.',
    unit: 'reqps',
    queries: { '{{status_class}}': rate(requests, 'status_class', routes) },
    links: [toDashboard('api')],
  }),
  graph({
    title: 'Latency',
    description: 'Half, 95 % and 99 % of the answers take no longer. Dots are slow requests with their ids.',
    unit: 's',
    queries: {
      p50: quantile(0.5, duration, '', routes),
      p95: quantile(0.95, duration, '', routes),
      p99: quantile(0.99, duration, '', routes),
    },
    limits: [0.2, 0.5],
    links: [toRunbook('HighLatency'), toDashboard('api')],
  }),
  graph({
    title: 'Errors',
    description: 'Share of the answers that are 4xx (the client is wrong, or over its limit) and 5xx (we are).',
    unit: 'percentunit',
    queries: { '4xx': statusRatio('4xx', '', routes), '5xx': statusRatio('5xx', '', routes) },
    links: [toRunbook('HighErrorRate'), toDashboard('api')],
  }),
];

const budget = (slo: string, allowed: number): string => {
  const grown = (counter: string) => `sum(increase(${counter}{job=~"$job", instance=~"$instance", slo="${slo}"}[$__range]))`;
  return `1 - (1 - ${grown('http_slo_good_total')} / ${grown('http_slo_requests_total')}) / ${allowed}`;
};

const burn = (window: string, slo: string, allowed: number): string =>
  `max(job:slo_errors:ratio_rate${window}{job=~"$job", slo="${slo}"}) / ${allowed}`;

const objectives = [
  stat({
    title: 'Availability budget left',
    description: 'Of the errors that 99.9 % allow, the share that is left in the chosen time range. Below 0 the objective is missed.',
    unit: 'percentunit',
    queries: { left: budget('availability', 0.001) },
    limits: [0.5, 0],
    width: 6,
    height: 8,
    links: [toRunbook('SloBurnFast')],
  }),
  stat({
    title: 'Latency budget left',
    description: 'Of the slow answers that 95 % within 0.2 s allow, the share that is left in the chosen time range.',
    unit: 'percentunit',
    queries: { left: budget('latency', 0.05) },
    limits: [0.5, 0],
    width: 6,
    height: 8,
    links: [toRunbook('SloBurnSlow')],
  }),
  graph({
    title: 'Availability budget burnt',
    description:
      'How many times too fast the budget goes, over an hour and over six. At 1 it is gone after 30 days; 14.4 over an hour calls somebody.',
    unit: 'none',
    queries: { '1 h': burn('1h', 'availability', 0.001), '6 h': burn('6h', 'availability', 0.001) },
    limits: [6, 14.4],
    width: 6,
    links: [toRunbook('SloBurnFast')],
  }),
  graph({
    title: 'Latency budget burnt',
    description: 'The same for answers that are slower than 0.2 s, of which 5 % are allowed.',
    unit: 'none',
    queries: { '1 h': burn('1h', 'latency', 0.05), '6 h': burn('6h', 'latency', 0.05) },
    limits: [6, 14.4],
    width: 6,
    links: [toRunbook('SloBurnFast')],
  }),
];

const load = [
  stacked({
    title: 'Decisions of the limiter',
    description: 'Allowed, limited (429), shed (503), denied by a list, exempt.',
    unit: 'reqps',
    queries: { '{{result}}': rate('rate_limit_decisions_total', 'result') },
    links: [toDashboard('api'), toRunbook('LoadLevelCritical')],
  }),
  graph({
    title: 'In flight',
    description: 'Requests being answered, and open connections, idle ones included.',
    unit: 'short',
    queries: { requests: total('http_requests_in_flight'), connections: total('http_connections_active') },
    links: [toDashboard('runtime')],
  }),
  table(
    {
      title: 'Busiest routes',
      description: 'The ten routes that are asked most. A row leads to what the API dashboard knows of its route.',
      unit: 'short',
      queries: {
        'a second': `topk(10, ${rate(requests, 'route', routes)})`,
        p95: `${quantile(0.95, duration, 'route', routes)} and topk(10, ${rate(requests, 'route', routes)})`,
        '5xx': `${statusRatio('5xx', 'route', routes)} and topk(10, ${rate(requests, 'route', routes)})`,
      },
      width: 8,
    },
    { units: { 'a second': 'reqps', p95: 's', '5xx': 'percentunit' }, links: [toRoute()] },
  ).height(8),
];

export const overview = () =>
  dashboardOf(
    'overview',
    'The service at a glance: rate, errors, duration, error budgets and load.',
    { ...application, routes: requests },
    [
      ['Rate, errors, duration', red],
      ['Objectives', objectives],
      ['Load', load],
    ],
  );
