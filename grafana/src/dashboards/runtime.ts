import { application, dashboardOf } from '../frame.js';
import { toDashboard, toRunbook } from '../links.js';
import { graph, stacked, stat, table } from '../panels.js';
import { mean, most, quantile, rate, scope, total } from '../queries.js';

const instance = '{{instance}}';

const use = [
  stat({
    title: 'CPU',
    description: 'Processor time of the busiest replica. Node uses one core for requests; a little more for garbage and compression.',
    unit: 'percentunit',
    queries: { busiest: `max(rate(process_cpu_seconds_total{${scope}}[$__rate_interval]))` },
    limits: [0.8, 0.95],
    links: [toRunbook('LoadLevelCritical')],
  }),
  stat({
    title: 'Memory',
    description: 'Of what the process may use, the fullest replica. Beyond its limit it is killed.',
    unit: 'percentunit',
    queries: { fullest: `max(process_resident_memory_bytes{${scope}} / process_memory_limit_bytes{${scope}})` },
    limits: [0.8, 0.9],
    links: [toRunbook('MemoryNearLimit')],
  }),
  stat({
    title: 'Event loop in use',
    description: 'Share of the time in which the loop of the busiest replica was not idle.',
    unit: 'percentunit',
    queries: { busiest: most('nodejs_eventloop_utilization_ratio') },
    limits: [0.8, 0.95],
    links: [toRunbook('EventLoopBlocked')],
  }),
  stat({
    title: 'Event loop delay',
    description: 'The 99th percentile of how late a timer is: so long all requests of a process wait.',
    unit: 's',
    queries: { p99: most('nodejs_eventloop_lag_p99_seconds') },
    limits: [0.1, 0.25],
    links: [toRunbook('EventLoopBlocked')],
  }),
  stat({
    title: 'Replicas',
    description: 'Processes that are scraped.',
    unit: 'none',
    queries: { up: `count(build_info{${scope}})` },
    links: [toRunbook('TargetDown')],
  }),
  stat({
    title: 'Youngest process',
    description: 'How long ago a process last started. A small figure without a deployment is a crash.',
    unit: 's',
    queries: { age: `time() - ${most('process_start_time_seconds')}` },
  }),
];

const processes = [
  graph({
    title: 'CPU by replica',
    description: 'Cores used: user and system time of the process.',
    unit: 'none',
    queries: { [instance]: rate('process_cpu_seconds_total', 'instance') },
    limits: [0.8, 0.95],
  }),
  graph({
    title: 'Resident memory',
    description: 'What the process holds of the memory of the machine, and what it may.',
    unit: 'bytes',
    queries: { [instance]: most('process_resident_memory_bytes', 'instance'), limit: `min(process_memory_limit_bytes{${scope}})` },
    links: [toRunbook('MemoryNearLimit')],
  }),
  graph({
    title: 'Heap',
    description: 'Used and reserved by V8, and what lies outside of its heap (buffers). What only rises leaks.',
    unit: 'bytes',
    queries: {
      'used {{instance}}': most('nodejs_heap_size_used_bytes', 'instance'),
      'reserved {{instance}}': most('nodejs_heap_size_total_bytes', 'instance'),
      'external {{instance}}': most('nodejs_external_memory_bytes', 'instance'),
    },
    links: [toRunbook('MemoryNearLimit')],
  }),
  graph({
    title: 'Memory of the control group',
    description: 'All of a container: page cache, which the kernel takes back, and other processes too. Nothing here: nobody counts it.',
    unit: 'bytes',
    queries: { [instance]: most('cgroup_memory_usage_bytes', 'instance'), limit: `min(cgroup_memory_limit_bytes{${scope}})` },
    links: [toRunbook('MemoryNearLimit')],
  }),
  graph({
    title: 'Event loop delay by replica',
    description: 'Mean and 99th percentile since the last scrape.',
    unit: 's',
    queries: {
      'mean {{instance}}': most('nodejs_eventloop_lag_mean_seconds', 'instance'),
      'p99 {{instance}}': most('nodejs_eventloop_lag_p99_seconds', 'instance'),
    },
    limits: [0.1, 0.25],
    links: [toRunbook('EventLoopBlocked')],
  }),
  graph({
    title: 'Event loop in use by replica',
    description: 'Share of the time in which the loop was not idle.',
    unit: 'percentunit',
    queries: { [instance]: most('nodejs_eventloop_utilization_ratio', 'instance') },
    max: 1,
    links: [toRunbook('EventLoopBlocked')],
  }),
  graph({
    title: 'Garbage collection',
    description: 'Seconds of collection in a second, by kind. Major ones hold up requests.',
    unit: 'percentunit',
    queries: { '{{kind}}': rate('nodejs_gc_duration_seconds_sum', 'kind') },
    links: [toRunbook('MemoryNearLimit')],
  }),
  graph({
    title: 'Open files',
    description: 'File handles and sockets of each process, and how many it may open.',
    unit: 'short',
    queries: { [instance]: most('process_open_fds', 'instance'), limit: `min(process_max_fds{${scope}})` },
  }),
  graph({
    title: 'Connections and requests',
    description: 'Open connections and requests being answered, by replica: an uneven share is the balancer.',
    unit: 'short',
    queries: {
      'connections {{instance}}': total('http_connections_active', 'instance'),
      'requests {{instance}}': total('http_requests_in_flight', 'instance'),
    },
    links: [toDashboard('overview')],
  }),
  table({
    title: 'Builds',
    description: 'What runs where.',
    unit: 'none',
    queries: { processes: `count by (instance, version, commit, node) (build_info{${scope}})` },
  }),
];

const saturation = [
  graph({
    title: 'Requests in flight against their limit',
    description: 'The limit follows latency; what is beyond it is answered with 503 at once, check-outs wait.',
    unit: 'short',
    queries: {
      'in flight': total('rate_limit_in_flight'),
      waiting: total('rate_limit_queued'),
      limit: total('rate_limit_concurrency_limit'),
    },
    links: [toRunbook('LoadLevelCritical')],
  }),
  graph({
    title: 'Load level by replica',
    description: '0 low, 1 medium (limits × 0.7), 2 high (× 0.4), 3 critical (× 0.1).',
    unit: 'none',
    queries: { [instance]: most('rate_limit_load_level', 'instance') },
    max: 3,
    limits: [2, 3],
    links: [toRunbook('LoadLevelCritical')],
  }),
  graph({
    title: 'Limiter without Redis',
    description: 'Replicas that count by themselves, since Redis does not take the counts.',
    unit: 'short',
    queries: { replicas: total('rate_limit_fallback') },
    limits: [1, 2],
    links: [toRunbook('RateLimiterOnFallback'), toDashboard('cache')],
  }),
];

const background = [
  graph({
    title: 'Events that wait',
    description: 'Not yet told to all subscribers (outbox), not yet delivered (webhooks).',
    unit: 'short',
    queries: { '{{queue}}': most('techmart_events_waiting', 'queue') },
    links: [toRunbook('OutboxStuck')],
  }),
  graph({
    title: 'Age of the oldest event',
    description: 'How late webhooks and repeated invalidations are.',
    unit: 's',
    queries: { '{{queue}}': most('techmart_events_oldest_age_seconds', 'queue') },
    limits: [60, 120],
    links: [toRunbook('OutboxStuck')],
  }),
  graph({
    title: 'Events that were given up',
    description: 'After their last attempt; they are kept for a look.',
    unit: 'short',
    queries: { '{{queue}}': most('techmart_events_dead', 'queue') },
    links: [toRunbook('OutboxStuck')],
  }),
  graph({
    title: 'Runs of jobs',
    description: 'Runs a second, by job and how they ended.',
    unit: 'ops',
    queries: { '{{exported_job}} {{outcome}}': rate('techmart_job_runs_total', 'exported_job, outcome') },
    links: [toRunbook('JobsFailing')],
  }),
  stacked({
    title: 'Events told',
    description: 'Given to their subscribers, a second.',
    unit: 'ops',
    queries: { '{{outcome}}': rate('techmart_outbox_dispatched_total', 'outcome') },
    links: [toRunbook('OutboxStuck')],
  }),
  stacked({
    title: 'Attempts at webhooks',
    description: 'A second, by how they ended.',
    unit: 'ops',
    queries: { '{{outcome}}': rate('techmart_webhook_deliveries_total', 'outcome') },
  }),
  graph({
    title: 'Time of an attempt at a webhook',
    description: 'Mean and 95th percentile. Slow receivers hold up their own deliveries only.',
    unit: 's',
    queries: {
      mean: mean('techmart_webhook_delivery_duration_seconds'),
      p95: quantile(0.95, 'techmart_webhook_delivery_duration_seconds'),
    },
    width: 24,
  }),
];

export const runtime = () =>
  dashboardOf('runtime', 'Utilisation, saturation and errors of the processes, and their background work.', application, [
    ['Utilisation', use],
    ['Processes', processes],
    ['Saturation', saturation],
    ['Background work', background],
  ]);
