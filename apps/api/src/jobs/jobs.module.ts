import { Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { JobLeases } from './job-leases.repository.js';
import { jobMetrics, JobMetrics } from './job.metrics.js';
import { JobRunner } from './job-runner.js';

/** Background work. A feature imports this module and registers its jobs with the runner. */
@Module({
  imports: [ScheduleModule.forRoot()],
  providers: [JobRunner, JobLeases, ...jobMetrics],
  exports: [JobRunner, JobMetrics],
})
export class JobsModule {}
