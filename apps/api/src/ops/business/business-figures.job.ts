import type { Clock } from '@app/common';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { CLOCK } from '../../app.tokens.js';
import type { Job } from '../../jobs/job.js';
import { JobRunner } from '../../jobs/job-runner.js';
import { BusinessRepository } from './business.repository.js';

/** Computes the business figures once for all replicas. */
@Injectable()
export class BusinessFiguresJob implements Job, OnModuleInit {
  readonly name = 'business-figures';
  readonly intervalMs = 30_000;

  constructor(
    private readonly business: BusinessRepository,
    private readonly runner: JobRunner,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.runner.register(this);
  }

  run(): Promise<void> {
    return this.business.compute(new Date(this.clock.now()));
  }
}
