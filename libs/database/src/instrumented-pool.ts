import { connectionUntold } from '@app/common';
import { Pool, type PoolClient, type PoolConfig } from 'pg';
import { bindContext } from './bind-context.js';
import { PoolExhaustedError } from './database.errors.js';
import { InstrumentedClient } from './instrumented-client.js';
import { isTold, issue, withIssued } from './statement.js';
import { isStream } from './streams.js';

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

  // A statement of the pool itself is told here, where it was issued: when there is a connection, the stack is another's.
  override query(...parameters: unknown[]): never {
    const submit = super.query.bind(this) as unknown as (...parameters: unknown[]) => never;
    const [statement, values] = parameters;
    const last = parameters.at(-1);
    if (!isTold() || isStream(statement) || typeof statement === 'function') return submit(...parameters);
    // oxlint-disable-next-line typescript/unbound-method -- only its identity is used: frames above it are the issuer's
    const told = withIssued(statement, values, issue(statement, values, this.query));
    return typeof last === 'function' ? submit(told, last) : submit(told);
  }

  private acquire(callback: Connected): void {
    const startedAt = performance.now();
    const bound = bindContext<Parameters<Connected>>((error, client, release) => {
      const waitMs = performance.now() - startedAt;
      if (!(client instanceof InstrumentedClient)) return this.refuse(callback, error, waitMs);
      client.take(waitMs);
      const giveBack = (failure?: Error | boolean): void => {
        const untold = client.untold();
        if (untold) connectionUntold.publish(untold);
        release(failure ?? client.isBroken);
      };
      callback(error, Object.assign(client, { release: giveBack }), giveBack);
    });
    super.connect(bound as Parameters<Pool['connect']>[0]);
  }

  private refuse(callback: Connected, error: Error | undefined, waitMs: number): void {
    const named = error?.message === exhausted ? new PoolExhaustedError(this.acquireTimeoutMs) : (error ?? new Error('no connection'));
    connectionUntold.publish({ waitMs, unseenBytes: 0, error: named });
    callback(named, undefined, () => undefined);
  }
}

export const isInstrumentedPool = (pool: unknown): pool is InstrumentedPool => pool instanceof InstrumentedPool;
