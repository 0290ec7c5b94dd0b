import { Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { makeCounterProvider } from '@willsoto/nestjs-prometheus';
import { JobLeases } from './job-leases.repository.js';
import { JOB_RUNS, JobRunner } from './job-runner.js';

/** Background work. A feature imports this module and registers its jobs with the runner. */
@Module({
  imports: [ScheduleModule.forRoot()],
  providers: [
    JobRunner,
    JobLeases,
    makeCounterProvider({ name: JOB_RUNS, help: 'Runs of background jobs by this process', labelNames: ['job', 'outcome'] }),
  ],
  exports: [JobRunner],
})
export class JobsModule {}
