import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ConfigurableModuleClass, dataSourceOptions, type DatabaseOptions } from './database.options.js';
import { DatabaseProbe } from './database.probe.js';

/** TypeORM's data source over the instrumented pool, and its probe. Connects at start and gives up after one failure. */
@Module({ providers: [DatabaseProbe], exports: [DatabaseProbe] })
export class DatabaseModule extends ConfigurableModuleClass {
  static override forRoot(options: DatabaseOptions): DynamicModule {
    const base = super.forRoot(options);
    const typeOrm = TypeOrmModule.forRoot({ ...dataSourceOptions(options), autoLoadEntities: true, retryAttempts: 0 });
    return { ...base, global: true, imports: [...(base.imports ?? []), typeOrm] };
  }
}
