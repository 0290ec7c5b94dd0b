import { Module, type DynamicModule } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { ThrottlerModule, type ThrottlerModuleOptions } from '@nestjs/throttler';
import { PolicyTable } from './policies/policy-table.js';
import { RateLimitGuard } from './rate-limit.guard.js';
import { ConfigurableModuleClass, RATE_LIMIT_OPTIONS, type RateLimitOptions } from './rate-limit.options.js';
import { RateLimitProbe } from './rate-limit.probe.js';
import { RateLimitService } from './rate-limit.service.js';
import { LimitStores } from './stores/limit-stores.js';
import { ThrottlerLimits } from './stores/throttler-storage.js';

const stores = { provide: LimitStores, inject: [RATE_LIMIT_OPTIONS], useFactory: (options: RateLimitOptions) => new LimitStores(options) };

/** The options and the stores, apart from the rest since Throttler's module needs them too. */
@Module({ providers: [stores], exports: [RATE_LIMIT_OPTIONS, LimitStores] })
class LimitStoresModule extends ConfigurableModuleClass {}

const throttlerOptions = ({ limit = 100, windowMs = 60_000 }: RateLimitOptions, { store }: LimitStores): ThrottlerModuleOptions => ({
  throttlers: [{ name: 'default', limit, ttl: windowMs }],
  storage: new ThrottlerLimits(store),
});

/** Throttler's module over our stores, and the guard in its place; the application puts the guard first in its pipeline. */
@Module({
  providers: [PolicyTable, RateLimitService, RateLimitGuard, RateLimitProbe],
  exports: [RateLimitService, RateLimitGuard, RateLimitProbe],
})
export class RateLimitModule {
  static forRoot(options: RateLimitOptions): DynamicModule {
    return RateLimitModule.over(LimitStoresModule.forRoot(options));
  }

  static forRootAsync(options: Parameters<typeof ConfigurableModuleClass.forRootAsync>[0]): DynamicModule {
    return RateLimitModule.over(LimitStoresModule.forRootAsync(options));
  }

  private static over(base: DynamicModule): DynamicModule {
    const throttler = ThrottlerModule.forRootAsync({
      imports: [base],
      inject: [RATE_LIMIT_OPTIONS, LimitStores],
      useFactory: throttlerOptions,
    });
    return { module: RateLimitModule, imports: [DiscoveryModule, base, throttler], exports: [base, throttler] };
  }
}
