import { Pool, type PoolClient, type PoolConfig } from 'pg';
import { bindContext } from './bind-context.js';
import { PoolExhaustedError } from './database.errors.js';
import { InstrumentedClient } from './instrumented-client.js';

type Connected = (error: Error | undefined, client: PoolClient | undefined, release: (error?: Error | boolean) => void) => void;

const exhausted = 'timeout exceeded when trying to connect';

/**
 * A pool whose waiting callers keep their own asynchronous context: the driver's would call them in the context of whoever gave
 * the connection back. Measures the wait, and names the one error that means that all connections were busy.
 */
export class InstrumentedPool extends Pool {
  private readonly acquireTimeoutMs: number;

  constructor(config: PoolConfig = {}) {
    super({ ...config, Client: InstrumentedClient });
    // A connection that breaks while idle leaves the pool, and the next caller gets a new one. Without a listener it would end this process.
    this.on('error', () => undefined);
    this.acquireTimeoutMs = config.connectionTimeoutMillis ?? 0;
  }

  override connect(): Promise<PoolClient>;
  override connect(callback: Connected): void;
  override connect(callback?: Connected): Promise<PoolClient> | undefined {
    if (!callback) {
      return new Promise((resolve, reject) => {
        this.acquire((error, client) => (client ? resolve(client) : reject(error ?? new Error('no connection'))));
      });
    }
    this.acquire(callback);
    return undefined;
  }

  private acquire(callback: Connected): void {
    const startedAt = performance.now();
    const bound = bindContext<Parameters<Connected>>((error, client, release) => {
      const named = error?.message === exhausted ? new PoolExhaustedError(this.acquireTimeoutMs) : error;
      if (!(client instanceof InstrumentedClient)) return callback(named, client, release);
      client.waitMs = performance.now() - startedAt;
      const giveBack = (failure?: Error | boolean): void => release(failure ?? client.isBroken);
      callback(named, Object.assign(client, { release: giveBack }), giveBack);
    });
    super.connect(bound as Parameters<Pool['connect']>[0]);
  }
}

export const isInstrumentedPool = (pool: unknown): pool is InstrumentedPool => pool instanceof InstrumentedPool;
