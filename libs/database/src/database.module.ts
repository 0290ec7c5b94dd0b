import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ConfigurableModuleClass, dataSourceOptions, type DatabaseOptions } from './database.options.js';
import { DatabaseProbe } from './database.probe.js';
import { SignOfLife } from './sign-of-life.js';

/** TypeORM's data source over the instrumented pool, and its probe. Connects at start and gives up after one failure. */
@Module({ providers: [DatabaseProbe], exports: [DatabaseProbe, SignOfLife] })
export class DatabaseModule extends ConfigurableModuleClass {
  static override forRoot(options: DatabaseOptions): DynamicModule {
    const base = super.forRoot(options);
    const typeOrm = TypeOrmModule.forRoot({ ...dataSourceOptions(options), autoLoadEntities: true, retryAttempts: 0 });
    const signOfLife = { provide: SignOfLife, useFactory: () => new SignOfLife(options.url, 1000) };
    return { ...base, global: true, providers: [...(base.providers ?? []), signOfLife], imports: [...(base.imports ?? []), typeOrm] };
  }
}
