import type { AlertRule, Severity } from '@app/alerting';

const runbooks = 'https://techmart.dev/runbooks';

type Condition = readonly [figure: string, comparison: AlertRule['comparison'], threshold: number, forSeconds: number];

const rule = (
  name: string,
  severity: Severity,
  [figure, comparison, threshold, forSeconds]: Condition,
  texts: readonly [string, string],
): AlertRule => ({
  name,
  severity,
  figure,
  comparison,
  threshold,
  forSeconds,
  summary: texts[0],
  description: texts[1],
  runbookUrl: `${runbooks}#${name.toLowerCase()}`,
});

/** What `prometheus/rules/alerts.yml` has under the same names, on the figures of this process. A test holds the two equal. */
export const alertRules: readonly AlertRule[] = [
  rule(
    'HighErrorRate',
    'critical',
    ['error_ratio', 'above', 0.05, 120],
    [
      '{percent} of the answers of five minutes are server errors',
      'Users get 5xx answers. The log has the cause of each with its request id.',
    ],
  ),
  rule(
    'HighLatency',
    'warning',
    ['latency_p95_seconds', 'above', 0.5, 300],
    ['The 95th percentile of the answers of five minutes takes {value} s', 'One answer in twenty takes longer than half a second.'],
  ),
  rule(
    'DatabasePoolExhausted',
    'critical',
    ['database_pool_waiting', 'above', 0, 60],
    [
      '{value} callers wait for a database connection',
      'Every connection has been busy for a minute; after two seconds of waiting requests end with 503.',
    ],
  ),
  rule(
    'DatabaseDown',
    'critical',
    ['database_up', 'below', 1, 30],
    ['PostgreSQL does not answer', 'Only what is cached is answered; everything else is 503.'],
  ),
  rule(
    'DatabaseExhausted',
    'critical',
    ['database_exhaustions_15m', 'above', 0, 0],
    [
      '{value} statements of 15 minutes failed because the database has run out of disk or memory',
      'Writes end with 503 and are undone; reads go on. Nothing is lost, and nothing new is kept.',
    ],
  ),
  rule(
    'RedisDown',
    'warning',
    ['redis_up', 'below', 1, 60],
    ['Redis does not answer', 'Replicas cache by themselves and limit by themselves; the database carries more.'],
  ),
  rule(
    'CacheHitRateLow',
    'warning',
    ['cache_hit_ratio', 'below', 0.8, 600],
    ['The cache answers {percent} of the reads of five minutes', 'More reads than planned go to the database.'],
  ),
  rule(
    'EventLoopBlocked',
    'warning',
    ['event_loop_delay_p99_seconds', 'above', 0.25, 60],
    ['The event loop is held up for {value} s', 'Something computes for long without a pause; all requests of the process wait.'],
  ),
  rule(
    'MemoryNearLimit',
    'warning',
    ['memory_used_ratio', 'above', 0.9, 300],
    ['The process uses {percent} of the memory it may use', 'Beyond its limit the process is killed.'],
  ),
  rule(
    'LoadLevelCritical',
    'critical',
    ['load_level', 'above', 2, 60],
    ['The load level is {value}: critical', 'Clients get a tenth of their limits, and the least important work is refused.'],
  ),
  rule(
    'RateLimiterOnFallback',
    'warning',
    ['limiter_on_fallback', 'above', 0, 60],
    ['The rate limiter counts in the process', 'Redis does not take the counts; each replica grants the whole limit.'],
  ),
  rule(
    'OutboxStuck',
    'critical',
    ['outbox_oldest_age_seconds', 'above', 120, 60],
    [
      'The oldest event has waited for {value} s',
      'Webhooks and the repeated cache invalidation are late; no worker runs, or a subscriber fails.',
    ],
  ),
  rule(
    'JobsFailing',
    'warning',
    ['job_failures_15m', 'above', 2, 0],
    ['{value} runs of background jobs failed in 15 minutes', 'The log names the job and its error.'],
  ),
  rule(
    'BusinessFiguresStale',
    'warning',
    ['business_age_seconds', 'above', 300, 60],
    ['The business figures are {value} s old', 'No worker computes them.'],
  ),
  rule(
    'NPlusOneAppeared',
    'warning',
    ['n_plus_one_15m', 'above', 0, 0],
    [
      '{value} requests of 15 minutes repeated one statement',
      'A route asks the database once per row; /profiling/findings names the place and the remedy.',
    ],
  ),
  rule(
    'LowStock',
    'info',
    ['low_stock_ratio', 'above', 0.05, 300],
    ['{percent} of the products are nearly sold out', 'Ten or fewer are left of each.'],
  ),
  rule(
    'NoOrders',
    'warning',
    ['orders_last_hour_in_business_hours', 'below', 1, 900],
    ['Nobody has ordered for an hour, in business hours', 'Check-out may be broken without an error: try it.'],
  ),
];
