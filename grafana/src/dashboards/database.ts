import { application, dashboardOf } from '../frame.js';
import { toDashboard, toRunbook } from '../links.js';
import { graph, stacked, stat } from '../panels.js';
import { mean, most, quantile, rate, scope, total } from '../queries.js';

const used = `${total('db_pool_connections')} - ${total('db_pool_idle_connections')}`;
const findings = (kind: string): string =>
  `sum by (route) (increase(profiling_findings_total{${scope}, kind="${kind}"}[$__rate_interval]))`;

const pool = [
  stat(
    {
      title: 'PostgreSQL',
      description: 'Whether every replica reaches it. While it is away only what is cached is answered.',
      unit: 'none',
      queries: { up: `min(database_up{${scope}})` },
      limits: [1, 0.5],
      height: 8,
      links: [toRunbook('DatabaseDown')],
    },
    { 0: 'down', 1: 'up' },
  ),
  stat({
    title: 'Pool in use',
    description: 'Busy connections of those that the pools may open.',
    unit: 'percentunit',
    queries: { used: `(${used}) / ${total('db_pool_max_connections')}` },
    limits: [0.8, 1],
    height: 8,
    links: [toRunbook('DatabasePoolExhausted')],
  }),
  stat({
    title: 'Waiting',
    description: 'Statements and transactions that wait for a connection. Above 0 for a minute somebody is called.',
    unit: 'short',
    queries: { waiting: total('db_pool_waiting') },
    limits: [1, 5],
    height: 8,
    links: [toRunbook('DatabasePoolExhausted')],
  }),
  graph({
    title: 'Connections',
    description: 'Busy, idle and allowed, over all chosen replicas.',
    unit: 'short',
    queries: {
      busy: used,
      idle: total('db_pool_idle_connections'),
      most: total('db_pool_max_connections'),
      waiting: total('db_pool_waiting'),
    },
    width: 12,
    links: [toRunbook('DatabasePoolExhausted')],
  }),
  graph({
    title: 'Wait for a connection',
    description: 'After two seconds a request ends with 503.',
    unit: 's',
    queries: {
      p50: quantile(0.5, 'db_connection_wait_seconds'),
      p95: quantile(0.95, 'db_connection_wait_seconds'),
      p99: quantile(0.99, 'db_connection_wait_seconds'),
    },
    width: 24,
    links: [toRunbook('DatabasePoolExhausted')],
  }),
];

const statements = [
  stacked({
    title: 'Statements',
    description: 'A second, by what they do. `transaction` is BEGIN, COMMIT and their like.',
    unit: 'ops',
    queries: { '{{kind}}': rate('db_query_duration_seconds_count', 'kind') },
  }),
  graph({
    title: 'Time of a statement, 95th percentile',
    description: 'From handing it to a connection to its last row, by what it does.',
    unit: 's',
    queries: { '{{kind}}': quantile(0.95, 'db_query_duration_seconds', 'kind') },
    limits: [0.1, 1],
    links: [toRunbook('HighLatency')],
  }),
  graph({
    title: 'Mean time of a statement',
    description: 'The mean by what it does.',
    unit: 's',
    queries: { '{{kind}}': mean('db_query_duration_seconds', 'kind') },
  }),
  graph({
    title: 'Busy connections, by their time',
    description: 'Seconds of statements in a second: how many connections the statements would keep busy.',
    unit: 'short',
    queries: { '{{kind}}': rate('db_query_duration_seconds_sum', 'kind') },
  }),
  graph({
    title: 'Statements of a request',
    description: 'Mean, 95th and 99th percentile. What a cache answers needs none.',
    unit: 'short',
    queries: {
      mean: mean('db_queries_per_request'),
      p95: quantile(0.95, 'db_queries_per_request'),
      p99: quantile(0.99, 'db_queries_per_request'),
    },
    links: [toDashboard('cache'), toRunbook('NPlusOneAppeared')],
  }),
  graph({
    title: 'Failed statements',
    description: 'A second, by what they do. Lost races and broken rules of the data are among them and are answered with 409.',
    unit: 'ops',
    queries: { '{{kind}}': rate('db_errors_total', 'kind') },
    links: [toRunbook('HighErrorRate')],
  }),
  graph({
    title: 'Out of disk or memory',
    description: 'Statements a second that the server refused because it has run out. Any is one too many.',
    unit: 'ops',
    queries: { '{{resource}}': rate('db_exhausted_total', 'resource') },
    links: [toRunbook('DatabaseExhausted')],
  }),
];

const replication = [
  graph({
    title: 'Lag of the standbys',
    description: 'How far each is behind in replaying. Nothing here: there is none, or the role of the application lacks pg_monitor.',
    unit: 's',
    queries: { '{{standby}}': most('db_replication_lag_seconds', 'standby') },
    limits: [10, 60],
    width: 12,
    links: [toRunbook('Replication lag')],
  }),
  graph({
    title: 'Lag of this server',
    description: 'How far the server of the application is behind its primary. Nothing here: it is no standby.',
    unit: 's',
    queries: { '{{instance}}': most('db_standby_lag_seconds', 'instance') },
    limits: [10, 60],
    width: 12,
    links: [toRunbook('Replication lag')],
  }),
];

const profiler = [
  stacked({
    title: 'N+1',
    description: 'Requests in which one statement was repeated with other parameters, by route. /profiling/findings has place and remedy.',
    unit: 'short',
    queries: { '{{route}}': findings('n-plus-one') },
    width: 12,
    links: [toRunbook('NPlusOneAppeared')],
  }),
  stacked({
    title: 'Slow statements',
    description: 'Statements over the threshold of the profiler (100 ms), by the route that sent them. The finding has their plan.',
    unit: 'short',
    queries: { '{{route}}': findings('slow-query') },
    width: 12,
    links: [toRunbook('HighLatency')],
  }),
];

export const database = () =>
  dashboardOf(
    'database',
    'The connection pool, the statements, the standbys, and what the profiler found in the statements.',
    application,
    [
      ['Connections', pool],
      ['Statements', statements],
      ['Replication', replication],
      ['Findings of the profiler', profiler],
    ],
  );
