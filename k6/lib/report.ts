/** What k6 hands to `handleSummary`, as far as it is read here. */
export interface SummaryData {
  readonly state: { readonly testRunDurationMs: number };
  readonly metrics: Readonly<Record<string, SummaryMetric>>;
}

interface SummaryMetric {
  readonly values: Readonly<Record<string, number>>;
  readonly thresholds?: Readonly<Record<string, { readonly ok: boolean }>>;
}

export interface Goal {
  readonly metric: string;
  readonly rule: string;
  /** The figure that the rule is about; none when nothing was measured. */
  readonly value: number | undefined;
  readonly isMet: boolean;
}

export interface RouteFigures {
  readonly route: string;
  readonly requests: number;
  readonly accepted: number;
  readonly errors: number;
  readonly meanMs: number | undefined;
  readonly p50Ms: number | undefined;
  readonly p95Ms: number | undefined;
  readonly p99Ms: number | undefined;
  readonly maxMs: number | undefined;
}

export interface Report {
  readonly run: string;
  readonly target: string;
  readonly seconds: number;
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly errors: number;
  /** Refused on purpose: 429 and 503. */
  readonly limited: number;
  readonly shed: number;
  readonly conflicts: number;
  readonly dropped: number;
  readonly cacheHitRatio: number | undefined;
  readonly mostUsers: number;
  readonly isPassed: boolean;
  readonly notes: readonly string[];
  readonly goals: readonly Goal[];
  readonly routes: readonly RouteFigures[];
}

type Metrics = SummaryData['metrics'];

const valueOf = (metrics: Metrics, metric: string, key: string): number | undefined => metrics[metric]?.values[key];

/** How many answers a rate is about were so: k6 counts those that were as `passes`, whatever they mean. */
const countOf = (metrics: Metrics, rate: string): number => valueOf(metrics, rate, 'passes') ?? 0;

/** A trend without a sample has zeros for figures, which are none. */
function latencyOf(metrics: Metrics, metric: string, key: string): number | undefined {
  return (valueOf(metrics, metric, 'count') ?? 0) > 0 ? valueOf(metrics, metric, key) : undefined;
}

const goalsOf = (metrics: Metrics): Goal[] =>
  Object.entries(metrics)
    .flatMap(([metric, { thresholds = {} }]) =>
      Object.entries(thresholds).map(([rule, { ok }]) => {
        const key = /^[\w()]+/.exec(rule)?.[0] ?? '';
        return { metric, rule, value: valueOf(metrics, metric, key), isMet: ok };
      }),
    )
    // Says nothing: it is there so that k6 keeps the figures of each route.
    .filter(({ rule }) => rule !== 'count>=0')
    .toSorted((one, other) => one.metric.localeCompare(other.metric));

/** The busiest first. */
function routesOf(metrics: Metrics): RouteFigures[] {
  const names = Object.keys(metrics).flatMap((name) => /^http_reqs\{route:(.*)\}$/.exec(name)?.[1] ?? []);
  const rows = names.map((route) => {
    const latency = (key: string) => latencyOf(metrics, `accepted_duration{route:${route}}`, key);
    return {
      route,
      requests: valueOf(metrics, `http_reqs{route:${route}}`, 'count') ?? 0,
      accepted: valueOf(metrics, `accepted_duration{route:${route}}`, 'count') ?? 0,
      errors: countOf(metrics, `errors{route:${route}}`),
      meanMs: latency('avg'),
      p50Ms: latency('med'),
      p95Ms: latency('p(95)'),
      p99Ms: latency('p(99)'),
      maxMs: latency('max'),
    };
  });
  return rows.toSorted((one, other) => other.requests - one.requests);
}

interface Facts {
  readonly run: string;
  readonly target: string;
  readonly notes: readonly string[];
}

export function reportOf({ state, metrics }: SummaryData, facts: Facts): Report {
  const seconds = state.testRunDurationMs / 1000;
  const requests = valueOf(metrics, 'http_reqs', 'count') ?? 0;
  const goals = goalsOf(metrics);
  return {
    ...facts,
    seconds,
    requests,
    requestsPerSecond: requests / seconds,
    errors: countOf(metrics, 'errors'),
    limited: countOf(metrics, 'limited'),
    shed: countOf(metrics, 'shed'),
    conflicts: valueOf(metrics, 'conflicts', 'count') ?? 0,
    dropped: valueOf(metrics, 'dropped_iterations', 'count') ?? 0,
    cacheHitRatio: valueOf(metrics, 'cache_hits', 'rate'),
    mostUsers: valueOf(metrics, 'vus_max', 'max') ?? 0,
    isPassed: goals.every(({ isMet }) => isMet),
    goals,
    routes: routesOf(metrics),
  };
}

export const formatNumber = (value: number | undefined, digits = 1): string => (value === undefined ? '–' : value.toFixed(digits));

/** For a terminal: what was asked, what came of it, and every goal that was missed. */
export function textOf(report: Report): string {
  const missed = report.goals.filter(({ isMet }) => !isMet);
  return [
    '',
    `${report.requests} requests in ${formatNumber(report.seconds)} s: ${formatNumber(report.requestsPerSecond)} a second`,
    `errors ${report.errors}, 429 ${report.limited}, 503 ${report.shed}, 409 ${report.conflicts}, dropped ${report.dropped}`,
    ...report.notes,
    ...missed.map(({ metric, rule, value }) => `MISSED  ${metric}: ${rule} (${formatNumber(value, 4)})`),
    missed.length === 0
      ? `all ${report.goals.length} thresholds are met`
      : `${missed.length} of ${report.goals.length} thresholds are missed`,
    '',
  ].join('\n');
}
