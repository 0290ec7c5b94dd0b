import type { HealthProbe, HealthReport } from '@app/common';
import { Injectable } from '@nestjs/common';
import { RateLimitService } from './rate-limit.service.js';

/** `degraded` while the limits that replicas share are kept by each of them alone. Reads a field. */
@Injectable()
export class RateLimitProbe implements HealthProbe {
  readonly name = 'rate-limit';

  constructor(private readonly service: RateLimitService) {}

  check(): Promise<HealthReport> {
    const { loadLevel, load, concurrency, memory, shared } = this.service.stats();
    const status = shared?.isAway ? 'degraded' : 'up';
    return Promise.resolve({ status, latencyMs: 0, details: { loadLevel, ...load, ...concurrency, memory, shared } });
  }
}
