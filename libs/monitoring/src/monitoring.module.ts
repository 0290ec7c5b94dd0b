import { Module } from '@nestjs/common';
import { CacheMetrics } from './metrics/cache.metrics.js';
import { ConnectionMetrics } from './metrics/connection.metrics.js';
import { DatabaseMetrics } from './metrics/database.metrics.js';
import { FindingMetrics } from './metrics/finding.metrics.js';
import { HttpMetrics } from './metrics/http.metrics.js';
import { LimitMetrics } from './metrics/limit.metrics.js';
import { ProcessMetrics } from './metrics/process.metrics.js';
import { ConfigurableModuleClass } from './monitoring.options.js';

const metrics = [HttpMetrics, ConnectionMetrics, DatabaseMetrics, CacheMetrics, LimitMetrics, FindingMetrics, ProcessMetrics];

/** Listens to the channels of `libs/common` and keeps the process's metrics in prom-client's registry. */
@Module({ providers: metrics, exports: metrics })
export class MonitoringModule extends ConfigurableModuleClass {}
