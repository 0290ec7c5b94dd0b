import { setTimeout as sleep } from 'node:timers/promises';
import { Cache } from '../src/cache.js';
import { CacheEngine } from '../src/cache.engine.js';
import type { CacheOptions } from '../src/cache.options.js';
import { defineCacheTypes } from '../src/cache-types.js';
import type { RedisServer, RedisTestClient } from './redis-server.js';

export const types = defineCacheTypes({
  product: { ttl: 3600, prefix: 'prod', consistency: 'strict', negativeTtl: 30 },
  list: { ttl: 1800, prefix: 'list', grace: 3600 },
  user: { ttl: 3600, prefix: 'user' },
  permission: { ttl: 300, prefix: 'perm', localOnly: true, maxEntries: 100, consistency: 'strict' },
  popular: { ttl: 600, prefix: 'popular', strategy: 'refresh-ahead' },
  short: { ttl: 0.05, prefix: 'short', grace: 600 },
});
export type TypeName = keyof typeof types;

/** One process's worth of cache on a Redis. Deadlines are long, so that a busy machine does not look like an outage. */
export interface Replica<Name extends string = TypeName> {
  readonly cache: Cache<Name>;
  readonly engine: CacheEngine;
  readonly commands: RedisTestClient;
  readonly subscriber: RedisTestClient;
  close(): Promise<void>;
}

export const patient = { deadlineMs: 5000, acknowledgeMs: 5000, waitMs: 20_000 };

export async function openReplica<Name extends string = TypeName>(
  server: RedisServer,
  options: Partial<CacheOptions> = {},
): Promise<Replica<Name>> {
  const [commands, subscriber] = await Promise.all([server.connect(), server.connect()]);
  const engine = new CacheEngine({ types, redis: { commands, subscriber }, ...patient, ...options });
  await engine.start();
  await until(() => engine.shared?.backplane.isAttached === true);
  const close = async () => {
    await engine.stop();
    for (const client of [commands, subscriber]) if (client.isOpen) client.destroy();
  };
  return { cache: new Cache<Name>(engine), engine, commands, subscriber, close };
}

export function openAlone(options: Partial<CacheOptions> = {}) {
  const engine = new CacheEngine({ types, ...options });
  return { cache: new Cache<TypeName>(engine), engine };
}

/** Waits for what must come, as long as it takes: the test's own limit ends it. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(5);
}

/** Something slow that is let go by hand. */
export class Gate {
  open: () => void = () => undefined;
  readonly passed = new Promise<void>((resolve) => {
    this.open = resolve;
  });
}
