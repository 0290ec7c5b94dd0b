import type { Clock } from '@app/common';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { CLOCK } from '../app.tokens.js';
import { JobRunner } from '../jobs/job-runner.js';
import { ProductRefreshRepository } from './product-refresh.repository.js';

const minute = 60_000;

/** Brings up to date what is read from tables made of others: popular products, those bought together, and the words of the catalogue. */
@Injectable()
export class ProductRefreshJobs implements OnModuleInit {
  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly tables: ProductRefreshRepository,
    private readonly runner: JobRunner,
  ) {}

  onModuleInit(): void {
    const now = (): Date => new Date(this.clock.now());
    const { tables } = this;
    this.runner.register({ name: 'product-popularity', intervalMs: 5 * minute, run: (signal) => tables.refreshPopularity(now(), signal) });
    this.runner.register({ name: 'product-affinity', intervalMs: 60 * minute, run: (signal) => tables.refreshAffinity(now(), signal) });
    this.runner.register({ name: 'search-terms', intervalMs: 60 * minute, run: (signal) => tables.refreshSearchTerms(signal) });
  }
}
