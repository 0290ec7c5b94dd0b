import { MonitoringModule } from '@app/monitoring';
import { Module, type DynamicModule } from '@nestjs/common';
import { PrometheusModule } from '@willsoto/nestjs-prometheus';
import { register, Registry } from 'prom-client';
import type { Config } from '../../config.js';
import { version } from '../../version.js';
import { HealthModule } from '../health/health.module.js';
import { CacheStateMetrics } from './cache-state.metrics.js';
import { LimiterMetrics } from './limiter.metrics.js';
import { MetricsController } from './metrics.controller.js';
import { PartMetrics } from './part.metrics.js';
import { PoolMetrics } from './pool.metrics.js';
import { RedisMetrics } from './redis.metrics.js';
import { ReplicationMetrics } from './replication.metrics.js';
import { ReplicationRepository } from './replication.repository.js';

/** Seconds; the service level objective of latency. */
const latencyObjectiveSeconds = 0.2;

const isOutsideObjectives = (route: string): boolean => route === '/metrics' || route.startsWith('/health');

/** The registry belongs to the process, so an application that is built in it again, as tests do, starts with an empty one. */
@Module({})
export class MetricsModule {
  static forRoot({ build }: Pick<Config, 'build'>): DynamicModule {
    register.clear();
    // Exemplars exist in this format alone; Prometheus asks for it first.
    register.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never);
    const monitoring = MonitoringModule.forRoot({
      build: { version, commit: build.commit, node: process.versions.node },
      latencyObjectiveSeconds,
      isOutsideObjectives,
    });
    return {
      module: MetricsModule,
      // Whoever shows figures asks for the metrics that have them.
      global: true,
      imports: [HealthModule, PrometheusModule.register({ controller: MetricsController }), monitoring],
      providers: [PoolMetrics, PartMetrics, CacheStateMetrics, LimiterMetrics, RedisMetrics, ReplicationRepository, ReplicationMetrics],
      exports: [monitoring],
    };
  }
}
