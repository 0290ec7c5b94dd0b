import type { DataSource, EntityManager } from 'typeorm';
import { isRetryable } from './database.errors.js';

/**
 * Runs `work` again when a transaction lost against others (SQLSTATE 40001, 40P01), at most `attempts` times in all, after a short
 * random pause. `work` must be the whole transaction. Any other error, and the last one, is thrown as it is.
 */
export async function withRetry<T>(work: () => Promise<T>, attempts = 5, random: () => number = Math.random): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= attempts || !isRetryable(error)) throw error;
      const pauseMs = random() * 10 * 2 ** attempt;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}

/**
 * Runs `work` in a transaction, and again in a new one when it lost against others (`withRetry`). So `work` may do nothing but talk to
 * the database: what it tells anybody else, it would tell once for each attempt.
 */
export function inTransaction<T>(dataSource: Pick<DataSource, 'transaction'>, work: (manager: EntityManager) => Promise<T>): Promise<T> {
  return withRetry(() => dataSource.transaction(work));
}
