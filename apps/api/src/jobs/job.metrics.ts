import { Injectable, type Provider } from '@nestjs/common';
import { InjectMetric, makeCounterProvider, makeGaugeProvider } from '@willsoto/nestjs-prometheus';
import { Counter, Gauge } from 'prom-client';

const RUNS = 'techmart_job_runs_total';
const LAST_SUCCESS = 'techmart_job_last_success_timestamp_seconds';

const outcomes = ['succeeded', 'failed'] as const;

/** How the runs of background jobs went in this process. */
@Injectable()
export class JobMetrics {
  private failedRuns = 0;

  constructor(
    @InjectMetric(RUNS) private readonly runs: Counter<'job' | 'outcome'>,
    @InjectMetric(LAST_SUCCESS) private readonly lastSuccess: Gauge<'job'>,
  ) {}

  /** Failed runs since the start, of all jobs. */
  get failures(): number {
    return this.failedRuns;
  }

  /** Prometheus takes a row that begins at 1 for no increase, so each is there before its first run. */
  expect(job: string): void {
    for (const outcome of outcomes) this.runs.inc({ job, outcome }, 0);
  }

  succeeded(job: string, at: number): void {
    this.runs.inc({ job, outcome: 'succeeded' });
    this.lastSuccess.set({ job }, at / 1000);
  }

  failed(job: string): void {
    this.failedRuns += 1;
    this.runs.inc({ job, outcome: 'failed' });
  }
}

export const jobMetrics: Provider[] = [
  JobMetrics,
  makeCounterProvider({ name: RUNS, help: 'Runs of background jobs by this process', labelNames: ['job', 'outcome'] }),
  makeGaugeProvider({ name: LAST_SUCCESS, help: 'When a run of a job last succeeded in this process', labelNames: ['job'] }),
];
