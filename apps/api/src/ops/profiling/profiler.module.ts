import { ProfilingModule, type ProfilingOptions } from '@app/profiling';
import type { Clock } from '@app/common';
import { Module, type DynamicModule } from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { CLOCK } from '../../app.tokens.js';
import type { Config } from '../../config.js';
import { BaselinesRepository } from './baselines.repository.js';
import { CapturesController } from './captures.controller.js';
import { openProfilerSession } from './profiler-session.js';
import { ProfilingController } from './profiling.controller.js';
import { StatementStatistics } from './statement-statistics.repository.js';

/** The profiler with this application's database, and the routes that show what it knows. */
@Module({ controllers: [ProfilingController, CapturesController], providers: [StatementStatistics] })
export class ProfilerModule {
  static forRoot(config: Config, databaseUrl: string): DynamicModule {
    const profiling = ProfilingModule.forRootAsync({
      intercepts: false,
      inject: [getDataSourceToken(), CLOCK],
      useFactory: (dataSource: DataSource, clock: Clock): Partial<ProfilingOptions> => ({
        ...config.profiling,
        clock,
        openSession: openProfilerSession(config.database.directUrl ?? databaseUrl),
        baselines: new BaselinesRepository(dataSource),
      }),
    });
    return { module: ProfilerModule, imports: [profiling] };
  }
}
