import { Module, type DynamicModule } from '@nestjs/common';
import { PrometheusModule } from '@willsoto/nestjs-prometheus';
import { register } from 'prom-client';
import { MetricsController } from './metrics.controller.js';

/** The registry belongs to the process, so an application that is built in it again, as tests do, starts with an empty one. */
@Module({})
export class MetricsModule {
  static forRoot(): DynamicModule {
    register.clear();
    return { module: MetricsModule, imports: [PrometheusModule.register({ controller: MetricsController })] };
  }
}
