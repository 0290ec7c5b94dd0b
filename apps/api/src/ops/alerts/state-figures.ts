import { DatabaseProbe } from '@app/database';
import { memoryLimitBytes } from '@app/monitoring';
import { loadLevels, RateLimitService } from '@app/rate-limit';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { QueueFigures } from '../../events/queue-figures.js';
import { PartWatch } from '../health/part-watch.js';

/** How the process and what it needs are at the moment. Asks nobody: others keep the figures. */
@Injectable()
export class StateFigures implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly delay = monitorEventLoopDelay({ resolution: 10 });
  private readonly memoryLimit = memoryLimitBytes();

  constructor(
    private readonly database: DatabaseProbe,
    private readonly parts: PartWatch,
    private readonly limiter: RateLimitService,
    private readonly queues: QueueFigures,
  ) {}

  onApplicationBootstrap(): void {
    this.delay.enable();
  }

  onApplicationShutdown(): void {
    this.delay.disable();
  }

  read() {
    const { loadLevel, shared } = this.limiter.stats();
    const redis = Object.values(this.parts.redisServers);
    return {
      database_pool_waiting: this.database.poolFigures().waiting,
      database_up: this.parts.isDatabaseUp === undefined ? undefined : Number(this.parts.isDatabaseUp),
      redis_up: redis.length === 0 ? undefined : Number(redis.every(Boolean)),
      event_loop_delay_p99_seconds: this.delaySinceLast(),
      memory_used_ratio: process.memoryUsage.rss() / this.memoryLimit,
      load_level: loadLevels.indexOf(loadLevel),
      limiter_on_fallback: Number(shared?.isAway ?? false),
      outbox_oldest_age_seconds: this.queues.depth?.oldest_age_s,
    };
  }

  private delaySinceLast(): number {
    const seconds = this.delay.percentile(99) / 1e9;
    this.delay.reset();
    return seconds;
  }
}
