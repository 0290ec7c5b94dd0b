import { CacheMetrics, CounterWindow, DatabaseMetrics, durationBounds, HttpMetrics, quantile } from '@app/monitoring';
import { Injectable } from '@nestjs/common';

const windowMs = 300_000;

/** Of the last five minutes; a figure of nothing is undefined. */
export interface Traffic {
  readonly elapsedMs: number;
  readonly requests: number;
  readonly serverErrors: number;
  readonly cacheReads: number;
  readonly cacheAnswered: number;
  readonly queries: number;
  readonly querySeconds: number;
  /** Seconds within which a share of the requests was answered. */
  latency(share: number): number | undefined;
}

/** What the process did in the last five minutes, from counters as they stand: what the recording rules of Prometheus compute. */
@Injectable()
export class RecentTraffic {
  private readonly window = new CounterWindow(windowMs);

  constructor(
    private readonly http: HttpMetrics,
    private readonly cache: CacheMetrics,
    private readonly database: DatabaseMetrics,
  ) {}

  /** Moves the window on; to be called at a steady pace. `now` in monotonic milliseconds. */
  sample(now: number): Traffic {
    return trafficOf(this.window.add(now, this.values(now)));
  }

  read(now: number): Traffic {
    return trafficOf(this.window.growth(this.values(now)));
  }

  private values(now: number): number[] {
    const { requests, serverErrors, buckets } = this.http.totals();
    const { reads, answered } = this.cache.totals;
    const { queries, seconds } = this.database.totals();
    return [now, requests, serverErrors, reads, answered, queries, seconds, ...buckets];
  }
}

function trafficOf(growth: readonly number[]): Traffic {
  const [elapsedMs = 0, requests = 0, serverErrors = 0, cacheReads = 0, cacheAnswered = 0, queries = 0, querySeconds = 0, ...fell] = growth;
  const latency = (share: number) => (requests === 0 ? undefined : quantile(share, durationBounds, fell));
  return { elapsedMs, requests, serverErrors, cacheReads, cacheAnswered, queries, querySeconds, latency };
}
