import { systemClock, type HealthProbe, type HealthReport } from '@app/common';
import { Injectable } from '@nestjs/common';
import { CacheEngine } from './cache.engine.js';

/** Whether the cache is shared and coherent. Never `down`: what cannot be cached is loaded. Without Redis by choice it is `up`. */
@Injectable()
export class CacheProbe implements HealthProbe {
  readonly name = 'cache';

  constructor(private readonly engine: CacheEngine) {}

  async check(): Promise<HealthReport> {
    const { shared, memory } = this.engine;
    const entries = memory.size;
    if (!shared) return { status: 'up', latencyMs: 0, details: { layers: 'L1', entries } };
    const startedAt = systemClock.monotonic();
    const hasAnswered = await shared.link.send(['PING']).then(
      () => true,
      () => false,
    );
    const circuit = shared.breaker.state;
    const { isAttached } = shared.backplane;
    const details = { layers: 'L1, L2', entries, circuit, isAttached, ...(!hasAnswered && { reason: shared.link.stats.lastError }) };
    const isWell = hasAnswered && circuit === 'closed' && isAttached;
    return { status: isWell ? 'up' : 'degraded', latencyMs: systemClock.monotonic() - startedAt, details };
  }
}
