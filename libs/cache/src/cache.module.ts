import { CACHE_MANAGER } from '@nestjs/cache-manager';
import { Module, type BeforeApplicationShutdown, type DynamicModule, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Cache } from './cache.js';
import { CacheEngine } from './cache.engine.js';
import { ConfigurableModuleClass, type CacheOptions } from './cache.options.js';
import { CacheProbe } from './cache.probe.js';
import { HitLane } from './http/hit-lane.js';
import { PlanTable } from './http/plan-table.js';
import { ResponseCacheInterceptor } from './http/response-cache.interceptor.js';

/**
 * The cache of an application, for all its modules: `Cache`, `@Cached`, the interceptor of `@ResponseCache`, `CACHE_MANAGER` and a probe.
 * Counters are written when the application ends; timers and the subscription end with it, the clients do not.
 */
@Module({
  providers: [
    CacheEngine,
    Cache,
    CacheProbe,
    PlanTable,
    ResponseCacheInterceptor,
    HitLane,
    { provide: CACHE_MANAGER, useFactory: (engine: CacheEngine) => engine.standard.cache, inject: [CacheEngine] },
  ],
  exports: [CacheEngine, Cache, CacheProbe, ResponseCacheInterceptor, HitLane, CACHE_MANAGER],
})
export class CacheModule extends ConfigurableModuleClass implements OnModuleInit, BeforeApplicationShutdown, OnApplicationShutdown {
  constructor(private readonly engine: CacheEngine) {
    super();
  }

  static override forRoot(options: CacheOptions): DynamicModule {
    return { ...super.forRoot(options), global: true };
  }

  onModuleInit(): Promise<void> {
    return this.engine.start();
  }

  /** While the database is still there; what comes after it is written by `onApplicationShutdown`, if it can be. */
  beforeApplicationShutdown(): Promise<void> {
    return this.engine.flush();
  }

  onApplicationShutdown(): Promise<void> {
    return this.engine.stop();
  }
}
