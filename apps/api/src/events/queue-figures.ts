import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { OutboxRepository, type QueueDepth } from './outbox.repository.js';

const refreshMs = 5000;

/**
 * How much waits, asked of the database in the background by every process: the figures are true, too, when no worker runs, and a
 * scrape waits for nobody.
 */
@Injectable()
export class QueueFigures implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;
  private current: QueueDepth | undefined;

  constructor(private readonly outbox: OutboxRepository) {}

  /** Undefined before the first look and while the database is away: figures of before would be a lie. */
  get depth(): QueueDepth | undefined {
    return this.current;
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.refresh(), refreshMs).unref();
    void this.refresh();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  async refresh(): Promise<void> {
    this.current = await this.outbox.readDepth().catch(() => undefined);
  }
}
