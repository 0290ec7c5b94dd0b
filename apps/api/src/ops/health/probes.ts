import { systemClock, type HealthProbe, type HealthReport } from '@app/common';
import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { QueueFigures } from '../../events/queue-figures.js';
import { migrations } from '../../migrations/index.js';

/** The thresholds of the alerts OutboxStuck and EventLoopBlocked. */
const oldestEventS = 120;
const blockedMs = 250;

/** Whether the schema is as new as this program. Asked until it is; a schema is never taken back under a running process. */
@Injectable()
export class MigrationsProbe implements HealthProbe, OnApplicationBootstrap {
  readonly name = 'migrations';
  private missing: readonly string[] | undefined;

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.check();
  }

  async check(): Promise<HealthReport> {
    const startedAt = systemClock.monotonic();
    try {
      if (this.missing?.length !== 0) this.missing = await this.find();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return { status: 'down', latencyMs: systemClock.monotonic() - startedAt, details: { reason } };
    }
    const status = this.missing.length === 0 ? 'up' : 'down';
    return { status, latencyMs: systemClock.monotonic() - startedAt, details: { missing: this.missing } };
  }

  private async find(): Promise<string[]> {
    const rows = await this.dataSource.query<{ name: string }[]>('SELECT name FROM migrations');
    const applied = new Set(rows.map(({ name }) => name));
    return migrations.map(({ name }) => name).filter((name) => !applied.has(name));
  }
}

/** Whether events get away. Asks nobody: the figures are those of the metrics, at most five seconds old. */
@Injectable()
export class OutboxProbe implements HealthProbe {
  readonly name = 'outbox';

  constructor(private readonly queues: QueueFigures) {}

  check(): Promise<HealthReport> {
    const { depth } = this.queues;
    // Before the first look, or while the database is away, which says so itself.
    if (!depth) return Promise.resolve({ status: 'up', latencyMs: 0, details: { reason: 'not known' } });
    const { waiting, dead, oldest_age_s: oldestAgeS } = depth;
    const status = oldestAgeS > oldestEventS ? 'degraded' : 'up';
    return Promise.resolve({ status, latencyMs: 0, details: { waiting, dead, oldest_age_s: oldestAgeS } });
  }
}

/** How long the event loop takes to come round, now. */
@Injectable()
export class EventLoopProbe implements HealthProbe {
  readonly name = 'event_loop';

  async check(): Promise<HealthReport> {
    const startedAt = systemClock.monotonic();
    await nextTurn();
    const latencyMs = systemClock.monotonic() - startedAt;
    return { status: latencyMs > blockedMs ? 'degraded' : 'up', latencyMs };
  }
}
