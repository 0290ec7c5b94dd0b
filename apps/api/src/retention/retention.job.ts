import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { CONFIG } from '../app.tokens.js';
import type { Config } from '../config.js';
import type { Job } from '../jobs/job.js';
import { JobRunner } from '../jobs/job-runner.js';
import { RetentionRepository, rules } from './retention.repository.js';

/** Small enough that no batch keeps anybody waiting. */
const batchSize = 1000;

/** Removes what nobody will ask for any more. */
@Injectable()
export class RetentionJob implements Job, OnModuleInit {
  readonly name = 'retention';
  readonly intervalMs = 3_600_000;
  private readonly logger = new Logger('Retention');

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly rows: RetentionRepository,
    private readonly runner: JobRunner,
  ) {}

  onModuleInit(): void {
    this.runner.register(this);
  }

  /** How many rows were removed, by rule. What a stop leaves is removed by the next run. */
  async run(signal: AbortSignal): Promise<Record<string, number>> {
    const removed: Record<string, number> = {};
    for (const rule of rules) {
      for (let isFull = true; isFull && !signal.aborted;) {
        const count = await this.rows.removeBatch(rule, this.config.retention[rule.period], batchSize);
        removed[rule.name] = (removed[rule.name] ?? 0) + count;
        isFull = count === batchSize;
      }
    }
    this.logger.log(removed, 'old rows were removed');
    return removed;
  }
}
