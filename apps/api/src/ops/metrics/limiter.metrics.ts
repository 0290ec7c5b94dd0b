import { FindingMetrics } from '@app/monitoring';
import { loadLevels, RateLimitService } from '@app/rate-limit';
import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { addGauge } from './gauges.js';

/** How the limiter is. Its decisions are counted by `libs/monitoring`. */
@Injectable()
export class LimiterMetrics implements OnApplicationBootstrap {
  constructor(
    private readonly limiter: RateLimitService,
    private readonly findings: FindingMetrics,
  ) {
    const stats = () => limiter.stats();
    addGauge('rate_limit_load_level', 'Load of the process: 0 low, 1 medium, 2 high, 3 critical', () =>
      loadLevels.indexOf(stats().loadLevel),
    );
    addGauge('rate_limit_concurrency_limit', 'Requests that may be in flight', () => stats().concurrency.limit);
    addGauge('rate_limit_in_flight', 'Requests in flight, as the limiter counts them', () => stats().concurrency.inFlight);
    addGauge('rate_limit_queued', 'Check-outs that wait for their turn', () => stats().concurrency.waiting);
    addGauge('rate_limit_fallback', 'Whether the process limits alone since Redis is away: 1 or 0', () =>
      Number(stats().shared?.isAway ?? false),
    );
    addGauge('rate_limit_store_bytes', 'Memory of the counts in this process', () => stats().memory.bytes);
  }

  /** The limiter knows every route by the name that findings have. */
  onApplicationBootstrap(): void {
    this.findings.expect(Object.keys(this.limiter.stats().policies));
  }
}
