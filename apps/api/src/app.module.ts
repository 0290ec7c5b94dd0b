import { Module, type DynamicModule } from '@nestjs/common';
import { DatabaseModule } from '@app/database';
import { ConfigModule } from './app.config.module.js';
import { pipeline } from './app.pipeline.js';
import type { Config } from './config.js';
import { HealthModule } from './ops/health/health.module.js';
import { databaseOptions } from './app.database.js';
import { MetricsModule } from './ops/metrics/metrics.module.js';

/** The table of contents. `databaseUrl` is where the server of this run listens: the configured one or the embedded one. */
@Module({})
export class AppModule {
  static forRoot(config: Config, databaseUrl: string): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.forRoot(config),
        DatabaseModule.forRoot(databaseOptions(config, databaseUrl)),
        MetricsModule.forRoot(),
        HealthModule,
      ],
      providers: [...pipeline],
    };
  }
}
