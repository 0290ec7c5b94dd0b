import { redisInsStore } from 'cache-manager-redis-yet';
import type { CacheManagerStore } from 'cache-manager';
import { CircuitBreaker, type CircuitState } from '../redis/circuit-breaker.js';
import { Deadline } from '../redis/deadline.js';
import type { RedisCommands } from '../redis/redis-client.js';

export interface GuardedStoreOptions {
  /** A client of the `redis` package. */
  readonly client: RedisCommands;
  readonly deadlineMs: number;
  readonly failures: number;
  readonly probeMs: number;
  /** What Keyv puts before each key. */
  readonly namespace: string;
  /** Keys whose removal is owed to Redis at most; beyond that all keys of the namespace are removed when it is back. */
  readonly maxPending: number;
}

const batch = 500;

/**
 * cache-manager's Redis store with a deadline and a breaker, without which a lost connection ends the process or hangs the caller. While Redis is
 * away every key is a miss and nothing is stored; a key that was to be written or deleted meanwhile is deleted before anything is read
 * again, so a session that was ended does not come back. `reset` removes the keys of its namespace; the original would empty the whole database.
 */
export class GuardedStore implements CacheManagerStore {
  readonly name = 'redis';
  readonly breaker: CircuitBreaker;
  private readonly inner: ReturnType<typeof redisInsStore>;
  private readonly owed = new Set<string>();

  constructor(private readonly options: GuardedStoreOptions) {
    // Its types know the client of an older major version; the commands that it sends are the same.
    this.inner = redisInsStore(options.client as never, {});
    const onChange = (state: CircuitState): void => {
      // What was owed after the last look.
      if (state !== 'open' && this.owed.size > 0) this.breaker.trip();
    };
    this.breaker = new CircuitBreaker({ ...options, settleMs: 0, probe: () => this.repay(), onChange });
  }

  get = (key: string): Promise<unknown> => this.reading(() => this.inner.get(key), undefined);

  mget = (...keys: string[]): Promise<unknown[]> =>
    this.reading<unknown[]>(
      () => this.inner.mget(...keys),
      keys.map(() => undefined),
    );

  ttl = (key: string): Promise<number> => this.reading(() => this.inner.ttl(key), -2);

  keys = (): Promise<string[]> => this.reading(() => this.scan(), []);

  set = (key: string, value: unknown, ttl?: number): Promise<void> => this.writing([key], () => this.inner.set(key, value, ttl));

  mset = (data: Record<string, unknown>, ttl?: number): Promise<void> =>
    this.writing(Object.keys(data), () => this.inner.mset(Object.entries(data), ttl));

  del = (key: string): Promise<void> => this.writing([key], () => this.inner.del(key));

  mdel = (...keys: string[]): Promise<void> => this.writing(keys, () => this.inner.mdel(...keys));

  async reset(): Promise<void> {
    const keys = await this.keys();
    for (let start = 0; start < keys.length; start += batch) await this.mdel(...keys.slice(start, start + batch));
  }

  private async scan(): Promise<string[]> {
    const found: string[] = [];
    let cursor = '0';
    do {
      const command = ['SCAN', cursor, 'MATCH', `${this.options.namespace}:*`, 'COUNT', String(batch)];
      const [next, page] = (await this.options.client.sendCommand(command)) as [string, string[]];
      found.push(...page);
      cursor = next;
    } while (cursor !== '0');
    return found;
  }

  private async reading<T>(operation: () => Promise<T>, otherwise: T): Promise<T> {
    if (this.breaker.state === 'open') return otherwise;
    try {
      const answer = await this.inTime(operation);
      this.breaker.succeeded();
      return answer;
    } catch (error) {
      // A value that is no JSON is the value's fault; it counts as missing until it is written again.
      if (!(error instanceof SyntaxError)) this.breaker.failed();
      return otherwise;
    }
  }

  private async writing(keys: readonly string[], operation: () => Promise<unknown>): Promise<void> {
    try {
      if (this.breaker.state !== 'open') return void (await this.inTime(operation));
    } catch {
      // What is there may be older than what should be: nothing is read until it is gone.
      this.breaker.trip();
    }
    for (const key of keys) this.owed.add(key);
  }

  /** Rejects as long as Redis does not take part. */
  private async repay(): Promise<void> {
    await this.inTime(() => this.options.client.sendCommand(['PING']));
    while (this.owed.size > 0) {
      const keys = this.owed.size > this.options.maxPending ? await this.scan() : [...this.owed].slice(0, batch);
      if (keys.length > 0) await this.inTime(() => this.inner.mdel(...keys));
      if (this.owed.size > this.options.maxPending) this.owed.clear();
      for (const key of keys) this.owed.delete(key);
    }
  }

  private async inTime<T>(operation: () => Promise<T>): Promise<T> {
    const { client, deadlineMs } = this.options;
    if (!client.isReady) throw new Error('no connection');
    const deadline = new Deadline(deadlineMs, () => new Error(`no answer within ${deadlineMs} ms`));
    try {
      return await Promise.race([operation(), deadline.passed]);
    } finally {
      deadline.clear();
    }
  }
}
