import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Clock } from '@app/common';
import { CLOCK, CONFIG } from '../app.tokens.js';
import type { Config } from '../config.js';
import type { Job } from './job.js';
import { JobLeases } from './job-leases.repository.js';
import { JobMetrics } from './job.metrics.js';

/** After a crash the job waits for this long at most. A run renews its lease three times as often. */
const leaseMs = 30_000;

/** A run may begin this much before it is due, so that our own next tick, a few milliseconds off, finds the job due. */
const slackMs = (intervalMs: number): number => Math.min(1000, intervalMs / 10);

const timerOf = (job: Job): string => `job:${job.name}`;

/**
 * Runs the registered jobs in workers. Of all replicas the one that takes a job's lease runs it; when it is done, it keeps the lease
 * until the next run is due. A process that stalls for longer than a lease may overlap with its successor: jobs that mind look at
 * their signal.
 */
@Injectable()
export class JobRunner implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('Jobs');
  private readonly holder = `${hostname().slice(0, 60)}:${process.pid}:${randomUUID().slice(0, 8)}`;
  private readonly jobs: Job[] = [];
  private readonly running = new Map<string, { readonly abort: AbortController; readonly done: Promise<void> }>();

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly leases: JobLeases,
    private readonly timers: SchedulerRegistry,
    private readonly metrics: JobMetrics,
  ) {}

  /** Called by the jobs' own modules, from `onModuleInit`. */
  register(job: Job): void {
    if (this.jobs.some((known) => known.name === job.name)) throw new Error(`there is a job ${job.name} already`);
    this.jobs.push(job);
    this.metrics.expect(job.name);
  }

  onApplicationBootstrap(): void {
    if (this.config.role === 'api') return;
    for (const job of this.jobs) {
      this.timers.addInterval(
        timerOf(job),
        // Often enough to take over from a process that crashed; the lease says when the job is due.
        setInterval(() => void this.tick(job), Math.min(job.intervalMs, leaseMs)),
      );
      void this.tick(job);
    }
  }

  /** Before the database is closed: no run begins, those that go on are told, and waited for. */
  async onModuleDestroy(): Promise<void> {
    for (const job of this.jobs) {
      if (this.timers.doesExist('interval', timerOf(job))) this.timers.deleteInterval(timerOf(job));
    }
    const runs = [...this.running.values()];
    for (const { abort } of runs) abort.abort(new Error('the process stops'));
    await Promise.all(runs.map(({ done }) => done));
  }

  /** Runs the job if it is due and nobody runs it. Never throws. */
  async tick(job: Job): Promise<void> {
    if (this.running.has(job.name)) return;
    const abort = new AbortController();
    const done = this.runLeased(job, abort);
    this.running.set(job.name, { abort, done });
    await done.finally(() => this.running.delete(job.name));
  }

  private async runLeased(job: Job, abort: AbortController): Promise<void> {
    const startedAt = this.clock.monotonic();
    try {
      if (!(await this.leases.acquire(job.name, this.holder, leaseMs))) return;
    } catch (error) {
      this.failed(job, error);
      return;
    }
    const renewal = setInterval(() => void this.renew(job, abort), leaseMs / 3);
    try {
      if (abort.signal.aborted) return;
      await job.run(abort.signal);
      this.metrics.succeeded(job.name, this.clock.now());
    } catch (error) {
      this.failed(job, error);
    } finally {
      clearInterval(renewal);
      await this.release(job, this.clock.monotonic() - startedAt, abort.signal.aborted);
    }
  }

  /** Keeps the lease until the next run is due. A run that was cut short is due at once. */
  private async release(job: Job, elapsedMs: number, isCutShort: boolean): Promise<void> {
    const restMs = isCutShort ? 0 : Math.max(0, Math.round(job.intervalMs - slackMs(job.intervalMs) - elapsedMs));
    await this.leases.extend(job.name, this.holder, restMs).catch((error: unknown) => {
      this.logger.warn({ err: error, job: job.name }, 'the lease could not be given back and will expire');
    });
  }

  private async renew(job: Job, abort: AbortController): Promise<void> {
    try {
      if (await this.leases.extend(job.name, this.holder, leaseMs)) return;
      abort.abort(new Error(`the lease of ${job.name} was lost`));
    } catch (error) {
      this.logger.warn({ err: error, job: job.name }, 'the lease could not be renewed');
    }
  }

  private failed(job: Job, error: unknown): void {
    this.metrics.failed(job.name);
    this.logger.error({ err: error, job: job.name }, `job ${job.name} failed`);
  }
}
