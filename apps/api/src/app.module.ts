import type { Clock } from '@app/common';
import { Module, type DynamicModule } from '@nestjs/common';
import { DatabaseModule } from '@app/database';
import { AuditModule } from './audit/audit.module.js';
import { AuthModule } from './auth/auth.module.js';
import { UsersModule } from './users/users.module.js';
import { ConfigModule } from './app.config.module.js';
import { ClientsModule } from './app.clients.js';
import { limitsModule } from './app.limits.js';
import { pipeline } from './app.pipeline.js';
import type { Config } from './config.js';
import { AlertsModule } from './ops/alerts/alerts.module.js';
import { BusinessModule } from './ops/business/business.module.js';
import { ShopCacheModule } from './cache/cache.module.js';
import { CacheOpsModule } from './ops/cache/cache-ops.module.js';
import { EventsModule } from './events/events.module.js';
import { HealthModule } from './ops/health/health.module.js';
import { databaseOptions } from './app.database.js';
import { MetricsModule } from './ops/metrics/metrics.module.js';
import { PerformanceModule } from './ops/performance/performance.module.js';
import { ProfilerModule } from './ops/profiling/profiler.module.js';
import { CategoriesModule } from './categories/categories.module.js';
import { ProductsModule } from './products/products.module.js';
import { CartModule } from './cart/cart.module.js';
import { OrdersModule } from './orders/orders.module.js';
import { CommunityModule } from './community/community.module.js';
import { ReviewsModule } from './reviews/reviews.module.js';
import { RetentionModule } from './retention/retention.module.js';
import { StatsModule } from './stats/stats.module.js';

/** The table of contents. `databaseUrl` is where the server of this run listens: the configured one or the embedded one. */
@Module({})
export class AppModule {
  static forRoot(config: Config, databaseUrl: string, clock?: Clock): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.forRoot(config, clock),
        DatabaseModule.forRoot(databaseOptions(config, databaseUrl)),
        ProfilerModule.forRoot(config, databaseUrl),
        MetricsModule.forRoot(config),
        ClientsModule.forRoot(config),
        ShopCacheModule.forRoot(config),
        limitsModule(),
        AuditModule,
        EventsModule,
        UsersModule,
        AuthModule,
        CategoriesModule,
        ProductsModule,
        HealthModule,
        BusinessModule,
        CacheOpsModule,
        PerformanceModule,
        AlertsModule,
        CartModule,
        OrdersModule,
        ReviewsModule,
        CommunityModule,
        StatsModule,
        RetentionModule,
      ],
      providers: [...pipeline],
    };
  }
}
