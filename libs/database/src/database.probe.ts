import { systemClock, type HealthProbe, type HealthReport } from '@app/common';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { isInstrumentedPool } from './instrumented-pool.js';

export interface PoolFigures extends Readonly<Record<string, number>> {
  /** Open connections. */
  readonly size: number;
  readonly idle: number;
  /** Callers that wait for a connection. */
  readonly waiting: number;
}

/** Asks PostgreSQL for a sign of life, within a second. The details are the pool's figures. */
@Injectable()
export class DatabaseProbe implements HealthProbe {
  readonly name = 'database';

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  async check(): Promise<HealthReport> {
    const startedAt = systemClock.monotonic();
    const { promise: late, cancel } = deadline(1000);
    try {
      await Promise.race([this.dataSource.query('SELECT 1'), late]);
      return { status: 'up', latencyMs: systemClock.monotonic() - startedAt, details: this.poolFigures() };
    } catch (error) {
      // Whatever went wrong, the answer is that the database does not answer.
      const reason = error instanceof Error ? error.message : String(error);
      return { status: 'down', latencyMs: systemClock.monotonic() - startedAt, details: { ...this.poolFigures(), reason } };
    } finally {
      cancel();
    }
  }

  /** The pool as it is now; zeros while there is none. */
  poolFigures(): PoolFigures {
    const pool: unknown = 'master' in this.dataSource.driver ? this.dataSource.driver.master : undefined;
    return isInstrumentedPool(pool)
      ? { size: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }
      : { size: 0, idle: 0, waiting: 0 };
  }
}

function deadline(ms: number): { promise: Promise<never>; cancel: () => void } {
  let timer: NodeJS.Timeout | undefined;
  const promise = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  return { promise, cancel: () => clearTimeout(timer) };
}
