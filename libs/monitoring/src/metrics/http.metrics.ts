import { requestFinished, type RequestContext, type RequestFinished } from '@app/common';
import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { addCounter } from '../collected-counter.js';
import { FastHistogram, type HistogramSeries } from '../fast-histogram.js';
import { MONITORING_OPTIONS, type MonitoringOptions } from '../monitoring.options.js';

const labelNames = ['method', 'route', 'status_class'] as const;
type HttpLabel = (typeof labelNames)[number];

/** Seconds. */
export const durationBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2.5, 5, 10];

const queryBounds = [0, 1, 2, 3, 5, 10, 20, 50, 100];

/** OpenMetrics allows an exemplar 128 characters, names included. A client's own id may be longer than that. */
const placeOf = ({ traceId, requestId }: RequestContext): Record<string, string> =>
  traceId === undefined ? { request_id: requestId.slice(0, 100) } : { trace_id: traceId };

interface Row {
  readonly duration: HistogramSeries<HttpLabel>;
  bytes: number;
}

/** Anybody can send any of some thirty methods that parsers know; the rest is one label. */
const usualMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

const statusClass = (status: number): string => `${Math.floor(status / 100)}xx`;

/**
 * What each answer tells about itself. A row per method, route template and status class is found by two look-ups and kept; nothing
 * is allocated per request. Counters are made from the rows when they are scraped.
 */
@Injectable()
export class HttpMetrics implements OnModuleInit, OnModuleDestroy {
  private readonly rows = new Map<string, Map<string, (Row | undefined)[]>>();
  private readonly durations: FastHistogram<HttpLabel>;
  private readonly queries: HistogramSeries;
  private readonly good = { availability: 0, latency: 0 };
  private judged = 0;
  private stop: () => void = () => undefined;

  constructor(@Inject(MONITORING_OPTIONS) private readonly options: MonitoringOptions) {
    const help = 'Seconds from the first byte of the request to the end of its answer';
    this.durations = new FastHistogram({
      name: 'http_request_duration_seconds',
      help,
      labelNames: [...labelNames],
      buckets: durationBounds,
    });
    this.queries = new FastHistogram<string>({
      name: 'db_queries_per_request',
      help: 'Statements that a request sent to the database',
      buckets: queryBounds,
    }).addSeries({});
    this.addCounters();
  }

  onModuleInit(): void {
    this.stop = requestFinished.subscribe((fact) => this.record(fact));
  }

  onModuleDestroy(): void {
    this.stop();
  }

  /** Since the start: answers, those with a 5xx status, and how many fell into each bucket of `durationBounds`. */
  totals(): { readonly requests: number; readonly serverErrors: number; readonly buckets: readonly number[] } {
    const totals = { requests: 0, serverErrors: 0, buckets: durationBounds.map(() => 0).concat(0) };
    for (const methods of this.rows.values()) for (const classes of methods.values()) addRows(totals, classes);
    return totals;
  }

  private record({ request, method, route, statusCode, durationMs, responseBytes }: RequestFinished): void {
    const row = this.row(method, route, statusCode);
    const seconds = durationMs / 1000;
    const bucket = row.duration.observe(seconds);
    row.bytes += responseBytes;
    if (request) {
      this.queries.observe(request.queryCount);
      // Slow ones are worth a look: the fast buckets keep none.
      if (seconds > this.options.latencyObjectiveSeconds)
        row.duration.exemplars[bucket] = { labelSet: placeOf(request), value: seconds, timestamp: Date.now() / 1000 };
    }
    if (this.options.isOutsideObjectives(route)) return;
    this.judged += 1;
    if (statusCode >= 500) return;
    this.good.availability += 1;
    if (seconds <= this.options.latencyObjectiveSeconds) this.good.latency += 1;
  }

  private row(method: string, route: string, statusCode: number): Row {
    const index = Math.floor(statusCode / 100);
    const label = usualMethods.has(method) ? method : 'other';
    const classes = this.rows.get(route)?.get(label);
    return classes?.[index] ?? this.addRow(label, route, statusCode);
  }

  private addRow(method: string, route: string, statusCode: number): Row {
    const methods = this.rows.get(route) ?? new Map<string, (Row | undefined)[]>();
    const classes = methods.get(method) ?? Array.from<Row | undefined>({ length: 6 });
    const duration = this.durations.addSeries({ method, route, status_class: statusClass(statusCode) });
    const row = { duration, bytes: 0 };
    classes[Math.floor(statusCode / 100)] = row;
    this.rows.set(route, methods.set(method, classes));
    return row;
  }

  private addCounters(): void {
    const rows = () => [...this.rows.values()].flatMap((methods) => [...methods.values()].flat()).filter((row) => row !== undefined);
    const labelled = { labelNames: [...labelNames] };
    const requests = addCounter('http_requests_total', 'Answers', labelled, () => {
      for (const { duration } of rows()) requests.inc(duration.labels, duration.count);
    });
    const bytes = addCounter('http_response_bytes_total', 'Bytes of the bodies of answers, as sent', labelled, () => {
      for (const row of rows()) bytes.inc(row.duration.labels, row.bytes);
    });
    const slo = { labelNames: ['slo'] as const };
    const judged = addCounter('http_slo_requests_total', 'Requests that an objective is about', slo, () => {
      for (const name of Object.keys(this.good)) judged.inc({ slo: name }, this.judged);
    });
    const good = addCounter('http_slo_good_total', 'Requests that met the objective', slo, () => {
      for (const [name, count] of Object.entries(this.good)) good.inc({ slo: name }, count);
    });
  }
}

function addRows(totals: { requests: number; serverErrors: number; buckets: number[] }, classes: readonly (Row | undefined)[]): void {
  classes.forEach((row, statusClass) => {
    if (!row) return;
    totals.requests += row.duration.count;
    if (statusClass === 5) totals.serverErrors += row.duration.count;
    row.duration.buckets.forEach((count, index) => (totals.buckets[index] = (totals.buckets[index] ?? 0) + count));
  });
}
