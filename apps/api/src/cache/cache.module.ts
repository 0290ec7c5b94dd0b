import { CacheModule } from '@app/cache';
import { Module, type DynamicModule } from '@nestjs/common';
import { RedisClients } from '../app.clients.js';
import type { Config } from '../config.js';
import { EventsModule } from '../events/events.module.js';
import { cacheTypes } from './cache-types.js';
import { EventInvalidations } from './event-invalidations.js';
import { SoldOutRepository } from './sold-out.repository.js';
import { Invalidations } from './invalidations.js';

/** The cache, for every feature: `Cache` to read through, `Invalidations` to end what is no longer true. */
@Module({})
export class ShopCacheModule {
  static forRoot({ cache: { isEnabled, maxBytes } }: Pick<Config, 'cache'>): DynamicModule {
    const cache = CacheModule.forRootAsync({
      inject: [RedisClients],
      useFactory: ({ cache: commands, subscriber }: RedisClients) => ({
        types: cacheTypes,
        name: 'techmart',
        isEnabled,
        maxBytes,
        ...(commands && subscriber ? { redis: { commands, subscriber } } : {}),
      }),
    });
    return {
      module: ShopCacheModule,
      global: true,
      imports: [{ ...cache, global: true }, EventsModule],
      providers: [Invalidations, EventInvalidations, SoldOutRepository],
      exports: [Invalidations],
    };
  }
}
