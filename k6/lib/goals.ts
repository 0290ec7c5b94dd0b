import type { Options, Scenario, Threshold } from 'k6/options';

/** Milliseconds that accepted answers may take. */
export interface Latency {
  readonly p95: number;
  readonly p99?: number;
  readonly mean?: number;
}

export interface Goals extends Latency {
  /** Share of requests that may be refused with 429, and with 503; anything else that is not an answer is an error. */
  readonly refused: number;
  /** Arrivals that may find no virtual user free, a second. */
  readonly droppedPerSecond: number;
  /** The scenario whose answers must be fast; none: all of them. */
  readonly during?: string;
  /** Share of the cacheable answers that come from a cache; none: not judged. */
  readonly cacheHits?: number;
}

/** What the mixed load asks for: each has a row in the summary, since each is in a threshold. */
export const routes = [
  'GET /products/{id}',
  'POST /products/search',
  'GET /products/popular',
  'GET /posts/trending',
  'GET /cart',
  'POST /cart/add',
  'POST /orders',
];

const within = ({ p95, p99, mean }: Latency): string[] => [
  `p(95)<${p95}`,
  ...(p99 === undefined ? [] : [`p(99)<${p99}`]),
  ...(mean === undefined ? [] : [`avg<${mean}`]),
];

/** Errors are less than 1 in 10,000 whatever the load; a route may be slower than all together, but not without a limit. */
export function thresholdsOf(goals: Goals, more: Record<string, Threshold[]> = {}): NonNullable<Options['thresholds']> {
  const perRoute = routes.flatMap((route) => [
    [`accepted_duration{route:${route}}`, [`p(95)<${4 * goals.p95}`]],
    [`http_reqs{route:${route}}`, ['count>=0']],
    [`errors{route:${route}}`, ['rate<0.01']],
  ]);
  return {
    errors: ['rate<0.0001'],
    checks: ['rate>0.9999'],
    [goals.during === undefined ? 'accepted_duration' : `accepted_duration{scenario:${goals.during}}`]: within(goals),
    limited: [`rate<${goals.refused}`],
    shed: [`rate<${goals.refused}`],
    dropped_iterations: [`rate<=${goals.droppedPerSecond}`],
    ...(goals.cacheHits === undefined ? {} : { cache_hits: [`rate>${goals.cacheHits}`] }),
    ...(Object.fromEntries(perRoute) as Record<string, string[]>),
    ...more,
  };
}

/** Arrivals that do not wait for slow answers; as many virtual users as that takes, up to a second's worth of arrivals each waiting for one. */
const usersFor = (rate: number) => ({ timeUnit: '1s', preAllocatedVUs: Math.ceil(rate / 4) + 20, maxVUs: Math.ceil(rate) + 20 });

export const steady = (rate: number, seconds: number, startSecond = 0): Scenario => ({
  executor: 'constant-arrival-rate',
  rate: Math.ceil(rate),
  duration: `${seconds}s`,
  startTime: `${startSecond}s`,
  gracefulStop: '10s',
  ...usersFor(rate),
});

/** Rate after rate: each `[requests a second, seconds that it takes to get there]`. */
export const ramping = (start: number, stages: readonly (readonly [rate: number, seconds: number])[]): Scenario => ({
  executor: 'ramping-arrival-rate',
  startRate: Math.ceil(start),
  stages: stages.map(([rate, seconds]) => ({ target: Math.ceil(rate), duration: `${seconds}s` })),
  gracefulStop: '10s',
  ...usersFor(Math.max(...stages.map(([rate]) => rate))),
});

/** What every script has in common. */
export const optionsOf = (scenarios: Record<string, Scenario>, thresholds: NonNullable<Options['thresholds']>): Options => ({
  scenarios,
  thresholds,
  summaryTrendStats: ['count', 'avg', 'min', 'med', 'p(95)', 'p(99)', 'max'],
  // The route stands for the address: ids would be labels without end.
  systemTags: ['status', 'method', 'name', 'scenario', 'expected_response', 'check', 'error_code'],
  noConnectionReuse: false,
  userAgent: 'techmart-load',
});
