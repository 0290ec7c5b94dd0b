import { Inject, Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { TypeTable } from './type-table.js';
import { CACHE_OPTIONS, resolveOptions, type CacheOptions, type ResolvedOptions } from './cache.options.js';
import { Backplane } from './coherence/backplane.js';
import { Generations } from './coherence/generations.js';
import { PendingInvalidations } from './coherence/pending-invalidations.js';
import { Access } from './loading/access.js';
import type { WriteBehindCounter } from './loading/write-behind.js';
import { Loading } from './loading/loading.js';
import { CircuitBreaker } from './redis/circuit-breaker.js';
import { Recovery } from './redis/recovery.js';
import { RedisKeys } from './redis/redis-keys.js';
import { RedisLink } from './redis/redis-link.js';
import { heartbeatScript } from './redis/scripts.js';
import { MemoryStore } from './stores/memory.store.js';
import { RedisStore } from './stores/redis.store.js';
import type { FrontStore } from './stores/store.js';
import { createStandardCache, type Standard } from './standard/standard-cache.js';
import { TieredStore } from './stores/tiered.store.js';

/** What there is only with Redis. */
export interface Shared {
  readonly link: RedisLink;
  readonly breaker: CircuitBreaker;
  readonly backplane: Backplane;
  readonly pending: PendingInvalidations;
  readonly redis: RedisStore;
  readonly keys: RedisKeys;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** The parts of one cache, put together. */
@Injectable()
export class CacheEngine {
  readonly options: ResolvedOptions;
  readonly types: TypeTable;
  readonly generations = new Generations();
  readonly memory: MemoryStore;
  readonly shared: Shared | undefined;
  readonly store: FrontStore;
  readonly access: Access;
  readonly standard: Standard;
  /** Written, for the last time, when the cache stops. */
  readonly counters: WriteBehindCounter[] = [];

  constructor(@Inject(CACHE_OPTIONS) options: CacheOptions) {
    this.options = resolveOptions(options);
    this.types = new TypeTable(options.types);
    const { generations } = this;
    this.memory = new MemoryStore({ ...this.options, generations, types: this.types.all() });
    this.shared = options.redis && share(this.options, options.redis, this.memory, this.types);
    this.store = this.shared ? new TieredStore({ ...this.options, ...this.shared, memory: this.memory }) : this.memory;
    const loading = new Loading({ ...this.options, generations, store: this.store });
    this.standard = createStandardCache(this.options);
    this.access = new Access(this.store, loading, this.options);
  }

  async start(): Promise<void> {
    await this.shared?.start();
  }

  async flush(): Promise<void> {
    await Promise.all(this.counters.map((counter) => counter.flush()));
  }

  async stop(): Promise<void> {
    await Promise.all(this.counters.map((counter) => counter.stop()));
    this.standard.stop();
    await this.shared?.stop();
  }
}

/** The longest life of an entry, and what it takes to load one: a generation is kept for twice that. */
function generationMs(types: TypeTable, leaseMs: number): number {
  return 2 * Math.max(3_600_000, ...types.all().map(({ ttlMs, graceMs }) => ttlMs + graceMs + leaseMs));
}

// oxlint-disable-next-line max-lines-per-function -- one object after the other, each from those before it
function share(
  options: ResolvedOptions,
  { commands, subscriber }: NonNullable<CacheOptions['redis']>,
  memory: MemoryStore,
  types: TypeTable,
): Shared {
  const origin = randomUUID();
  const keys = new RedisKeys(options.namespace);
  const pending = new PendingInvalidations(options.maxPending);
  const link = new RedisLink({ client: commands, deadlineMs: options.deadlineMs });
  const begin = (): Promise<void> => recovery.begin();
  const storeOptions = { ...options, keys, origin, begin, generationMs: generationMs(types, options.leaseMs) };
  const redis = new RedisStore({ ...storeOptions, link });
  const recovery = new Recovery({ link, keys, pending, store: new RedisStore({ ...storeOptions, link: link.unguarded }) });
  const breaker = new CircuitBreaker({
    ...options,
    probe: () => recovery.recover(),
    onChange: (state) => {
      if (state === 'closed') memory.clear();
      // What came between the last replay and now.
      if (state === 'settling') void recovery.replay().catch(trip);
    },
  });
  const trip = (): void => breaker.trip();
  link.guardedBy(breaker);
  const backplane = new Backplane({
    ...options,
    keys,
    origin,
    subscriber,
    beat: (number) => link.run(heartbeatScript, [keys.clock], [keys.channel, `${origin} ${number}`]),
    publish: (channel, text) => link.unguarded.send(['PUBLISH', channel, text]),
    onInvalidation: (message) => memory.drop(message),
    onDoubt: () => memory.clear(),
    onRollback: () => void recovery.begin(true).catch(trip),
  });
  const lost = ['error', 'reconnecting', 'end'];
  return {
    link, breaker, backplane, pending, redis, keys,
    async start() {
      for (const event of lost) commands.on(event, trip);
      await recovery.recover().catch(trip);
      backplane.start();
    },
    async stop() {
      for (const event of lost) commands.off(event, trip);
      await backplane.stop();
      breaker.stop();
    },
  }; // prettier-ignore
}
