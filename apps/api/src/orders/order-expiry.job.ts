import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { CONFIG } from '../app.tokens.js';
import type { Config } from '../config.js';
import type { Job } from '../jobs/job.js';
import { JobRunner } from '../jobs/job-runner.js';
import { OrderMovesRepository } from './order-moves.repository.js';
import { moveStatus } from './order-status.js';

const batchSize = 100;

/** Cancels what nobody paid for, so that its stock can be sold. Runs may overlap: an order is expired once. */
@Injectable()
export class OrderExpiryJob implements Job, OnModuleInit {
  readonly name = 'order-expiry';
  readonly intervalMs = 60_000;
  private readonly logger = new Logger('OrderExpiry');

  constructor(
    @Inject(CONFIG) private readonly config: Pick<Config, 'orders'>,
    private readonly moves: OrderMovesRepository,
    private readonly runner: JobRunner,
  ) {}

  onModuleInit(): void {
    this.runner.register(this);
  }

  /**
   * How many orders were cancelled, each in a transaction of its own, so that no product stays locked for the whole batch. One that
   * cannot be cancelled does not keep the others: it is told in the log, and makes the run a failed one at its end.
   */
  async run(signal: AbortSignal): Promise<number> {
    const failures: unknown[] = [];
    const skipped: number[] = [];
    let cancelled = 0;
    for (let isMore = true; isMore && !signal.aborted;) {
      const ids = await this.moves.findExpired(this.config.orders.unpaidTtlS, batchSize, skipped);
      for (const id of ids) {
        if (signal.aborted) break;
        if (await this.expire(id, failures)) cancelled += 1;
        else skipped.push(id);
      }
      isMore = ids.length === batchSize;
    }
    if (failures.length > 0) throw new AggregateError(failures, `${failures.length} unpaid orders could not be cancelled`);
    return cancelled;
  }

  private async expire(id: number, failures: unknown[]): Promise<boolean> {
    try {
      return await this.moves.expire(id, (order) => moveStatus(order, 'cancelled'));
    } catch (error) {
      this.logger.error({ err: error, order_id: id }, 'an unpaid order could not be cancelled');
      failures.push(error);
      return false;
    }
  }
}
