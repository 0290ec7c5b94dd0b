import { SchedulerRegistry } from '@nestjs/schedule';
import { Logger } from '@nestjs/common';
import { Counter, Gauge, Registry } from 'prom-client';
import type { Config } from '../config.js';
import type { Job } from './job.js';
import type { JobLeases } from './job-leases.repository.js';
import { JobMetrics } from './job.metrics.js';
import { JobRunner } from './job-runner.js';

/** The rules of the lease table, kept in memory on the tests' clock. */
class MemoryLeases {
  readonly rows = new Map<string, { holder: string; expiresAt: number }>();
  isDown = false;

  async acquire(name: string, holder: string, durationMs: number): Promise<boolean> {
    if (this.isDown) throw new Error('the database is away');
    const row = this.rows.get(name);
    if (row && row.expiresAt > Date.now()) return false;
    this.rows.set(name, { holder, expiresAt: Date.now() + durationMs });
    return true;
  }

  async extend(name: string, holder: string, durationMs: number): Promise<boolean> {
    if (this.isDown) throw new Error('the database is away');
    if (this.rows.get(name)?.holder !== holder) return false;
    this.rows.set(name, { holder, expiresAt: Date.now() + durationMs });
    return true;
  }
}

const clock = { now: () => Date.now(), monotonic: () => Date.now() };

function makeRunner(leases: MemoryLeases, role: Config['role'] = 'worker') {
  const runs = new Counter({ name: 'runs', help: 'x', labelNames: ['job', 'outcome'], registers: [new Registry()] });
  const succeeded = new Gauge({ name: 'succeeded', help: 'x', labelNames: ['job'], registers: [new Registry()] });
  const registry = new SchedulerRegistry();
  const runner = new JobRunner({ role } as Config, clock, leases as unknown as JobLeases, registry, new JobMetrics(runs, succeeded));
  const outcomes = async () => Object.fromEntries((await runs.get()).values.map(({ labels, value }) => [labels.outcome, value]));
  return { runner, registry, outcomes };
}

/** A job whose runs last until they are told to end. */
function heldJob(intervalMs = 60_000) {
  const ends: (() => void)[] = [];
  const signals: AbortSignal[] = [];
  const job: Job = {
    name: 'held',
    intervalMs,
    run: (signal) => {
      signals.push(signal);
      return new Promise<void>((resolve) => {
        ends.push(resolve);
        signal.addEventListener('abort', () => resolve());
      });
    },
  };
  return { job, signals, end: () => ends.at(-1)?.() };
}

const countingJob = (intervalMs = 1000) => {
  const job = { name: 'counting', intervalMs, count: 0, run: async () => void (job.count += 1) };
  return job;
};

describe('JobRunner', () => {
  beforeEach(() => {
    jest.useFakeTimers();
    jest.spyOn(Logger.prototype, 'error').mockImplementation();
    jest.spyOn(Logger.prototype, 'warn').mockImplementation();
  });
  afterEach(() => jest.useRealTimers());

  it('runs a job at start and then once in each interval', async () => {
    const { runner } = makeRunner(new MemoryLeases());
    const job = countingJob(1000);
    runner.register(job);
    runner.onApplicationBootstrap();
    await jest.advanceTimersByTimeAsync(3500);
    expect(job.count).toBe(4);
    await runner.onModuleDestroy();
  });

  it('runs nothing in a process that only serves requests', async () => {
    const { runner, registry } = makeRunner(new MemoryLeases(), 'api');
    const job = countingJob();
    runner.register(job);
    runner.onApplicationBootstrap();
    await jest.advanceTimersByTimeAsync(5000);
    expect([job.count, registry.getIntervals()]).toEqual([0, []]);
  });

  it('runs a job in one of two processes', async () => {
    const leases = new MemoryLeases();
    const [first, second] = [makeRunner(leases).runner, makeRunner(leases).runner];
    const job = countingJob(1000);
    for (const runner of [first, second]) {
      runner.register(job);
      runner.onApplicationBootstrap();
    }
    await jest.advanceTimersByTimeAsync(3500);
    expect(job.count).toBe(4);
    await Promise.all([first.onModuleDestroy(), second.onModuleDestroy()]);
  });

  it('never overlaps with itself, and holds the lease for as long as a run takes', async () => {
    const leases = new MemoryLeases();
    const [first, second] = [makeRunner(leases).runner, makeRunner(leases).runner];
    const { job, signals, end } = heldJob(60_000);
    for (const runner of [first, second]) runner.register(job);
    first.onApplicationBootstrap();
    await jest.advanceTimersByTimeAsync(300_000);
    await second.tick(job);
    expect(signals).toHaveLength(1);
    end();
    await jest.advanceTimersByTimeAsync(60_000);
    expect(signals).toHaveLength(2);
    await first.onModuleDestroy();
  });

  it('leaves the job to another process once the lease of a crashed one has expired', async () => {
    const leases = new MemoryLeases();
    const job = countingJob(3_600_000);
    await leases.acquire(job.name, 'crashed', 30_000);
    const { runner } = makeRunner(leases);
    runner.register(job);
    runner.onApplicationBootstrap();
    await jest.advanceTimersByTimeAsync(29_000);
    expect(job.count).toBe(0);
    await jest.advanceTimersByTimeAsync(2000);
    expect(job.count).toBe(1);
    await jest.advanceTimersByTimeAsync(3_590_000);
    expect(job.count).toBe(1);
    await jest.advanceTimersByTimeAsync(10_000);
    expect(job.count).toBe(2);
    await runner.onModuleDestroy();
  });

  it('counts a failure and runs again', async () => {
    const { runner, outcomes } = makeRunner(new MemoryLeases());
    const run = jest.fn().mockRejectedValueOnce(new Error('broken')).mockResolvedValue(undefined);
    runner.register({ name: 'breaks', intervalMs: 1000, run });
    runner.onApplicationBootstrap();
    await jest.advanceTimersByTimeAsync(1500);
    expect(await outcomes()).toEqual({ failed: 1, succeeded: 1 });
    await runner.onModuleDestroy();
  });

  it('counts a lease table that cannot be reached as a failure, without running', async () => {
    const leases = new MemoryLeases();
    leases.isDown = true;
    const { runner, outcomes } = makeRunner(leases);
    const job = countingJob();
    await runner.tick(job);
    expect([job.count, await outcomes()]).toEqual([0, { failed: 1 }]);
  });

  it('tells a run that its lease was lost', async () => {
    const leases = new MemoryLeases();
    const { runner } = makeRunner(leases);
    const { job, signals } = heldJob();
    const done = runner.tick(job);
    await jest.advanceTimersByTimeAsync(1);
    leases.rows.set(job.name, { holder: 'another', expiresAt: Infinity });
    await jest.advanceTimersByTimeAsync(10_000);
    await done;
    expect(signals[0]?.aborted).toBe(true);
    expect(leases.rows.get(job.name)?.holder).toBe('another');
  });

  it('stops its timers, aborts what runs, waits for it and gives the lease back', async () => {
    const leases = new MemoryLeases();
    const { runner, registry } = makeRunner(leases);
    const { job, signals } = heldJob();
    runner.register(job);
    runner.onApplicationBootstrap();
    await jest.advanceTimersByTimeAsync(1);
    await runner.onModuleDestroy();
    expect([signals[0]?.aborted, registry.getIntervals(), jest.getTimerCount()]).toEqual([true, [], 0]);
    expect(await leases.acquire(job.name, 'next', 1000)).toBe(true);
  });

  it('refuses a second job of the same name', () => {
    const { runner } = makeRunner(new MemoryLeases());
    runner.register(countingJob());
    expect(() => runner.register(countingJob())).toThrow('there is a job counting already');
  });
});
