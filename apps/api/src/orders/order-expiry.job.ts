import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { Job } from '../jobs/job.js';
import { JobRunner } from '../jobs/job-runner.js';
import { OrderMovesRepository } from './order-moves.repository.js';
import { moveStatus } from './order-status.js';

/** Milliseconds that an order may stay unpaid; injected. */
export const ORDER_EXPIRY_MS = Symbol('techmart:order-expiry-ms');

const batchSize = 100;

/** Cancels what nobody paid for, so that its stock can be sold. Runs may overlap: an order is expired once. */
@Injectable()
export class OrderExpiryJob implements Job, OnModuleInit {
  readonly name = 'order-expiry';
  readonly intervalMs = 60_000;

  constructor(
    @Inject(ORDER_EXPIRY_MS) private readonly expiryMs: number,
    private readonly moves: OrderMovesRepository,
    private readonly runner: JobRunner,
  ) {}

  onModuleInit(): void {
    this.runner.register(this);
  }

  /** How many orders were cancelled, each in a transaction of its own, so that no product stays locked for the whole batch. */
  async run(signal: AbortSignal): Promise<number> {
    let cancelled = 0;
    for (;;) {
      const ids = await this.moves.findExpired(this.expiryMs, batchSize);
      const inBatch = await this.expire(ids, signal);
      cancelled += inBatch;
      if (ids.length < batchSize || inBatch === 0 || signal.aborted) return cancelled;
    }
  }

  private async expire(ids: readonly number[], signal: AbortSignal): Promise<number> {
    let cancelled = 0;
    for (const id of ids) {
      if (signal.aborted) break;
      if (await this.moves.expire(id, (order) => moveStatus(order, 'cancelled'))) cancelled += 1;
    }
    return cancelled;
  }
}
