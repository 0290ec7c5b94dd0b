import type { Clock } from '@app/common';
import { CounterWindow, DatabaseMetrics, FindingMetrics } from '@app/monitoring';
import { Injectable } from '@nestjs/common';
import { JobMetrics } from '../../jobs/job.metrics.js';
import type { BusinessReport } from '../business/business.dto.js';
import { BusinessMetrics } from '../business/business.metrics.js';
import { RecentTraffic, type Traffic } from '../performance/recent-traffic.js';
import { StateFigures } from './state-figures.js';

const quarterOfAnHour = 900_000;

/** UTC; the same as in the rule of Prometheus. */
const opensAt = 8;
const closesAt = 20;

/** Fewer reads than one a second say nothing: the recording rule has the same. */
export function trafficFigures({ elapsedMs, requests, serverErrors, cacheReads, cacheAnswered, latency }: Traffic) {
  return {
    error_ratio: requests > 0 ? serverErrors / requests : undefined,
    latency_p95_seconds: latency(0.95),
    cache_hit_ratio: cacheReads > elapsedMs / 1000 ? cacheAnswered / cacheReads : undefined,
  };
}

export function shopFigures(report: BusinessReport | undefined, now: number) {
  const hour = new Date(now).getUTCHours();
  const isOpen = hour >= opensAt && hour < closesAt;
  return {
    business_age_seconds: report && (now - report.computed_at.getTime()) / 1000,
    low_stock_ratio: report && report.products.low_stock / report.products.total,
    orders_last_hour_in_business_hours: isOpen ? report?.orders.last_hour : undefined,
  };
}

@Injectable()
export class RecentFaults {
  private readonly window = new CounterWindow(quarterOfAnHour);

  constructor(
    private readonly findings: FindingMetrics,
    private readonly jobs: JobMetrics,
    private readonly database: DatabaseMetrics,
  ) {}

  sample(now: number) {
    const counts = [this.findings.count('n-plus-one'), this.jobs.failures, this.database.exhaustionCount];
    const [nPlusOne, jobFailures, exhaustions] = this.window.add(now, counts);
    return { n_plus_one_15m: nPlusOne, job_failures_15m: jobFailures, database_exhaustions_15m: exhaustions };
  }
}

/** Every figure that a rule of `alert-rules.ts` names. What is not known is undefined or not a number, and fires nothing. */
@Injectable()
export class AlertFigures {
  constructor(
    private readonly traffic: RecentTraffic,
    private readonly faults: RecentFaults,
    private readonly state: StateFigures,
    private readonly business: BusinessMetrics,
  ) {}

  sample(clock: Clock) {
    const now = clock.monotonic();
    return {
      ...trafficFigures(this.traffic.sample(now)),
      ...this.faults.sample(now),
      ...this.state.read(),
      ...shopFigures(this.business.latest, clock.now()),
    };
  }
}
