import { Module } from '@nestjs/common';
import { ConnectionMetrics } from './metrics/connection.metrics.js';
import { DatabaseMetrics } from './metrics/database.metrics.js';
import { HttpMetrics } from './metrics/http.metrics.js';
import { ProcessMetrics } from './metrics/process.metrics.js';
import { ConfigurableModuleClass } from './monitoring.options.js';

/** Listens to the channels of `libs/common` and keeps the process's metrics in prom-client's registry. */
@Module({ providers: [HttpMetrics, ConnectionMetrics, DatabaseMetrics, ProcessMetrics], exports: [ConnectionMetrics] })
export class MonitoringModule extends ConfigurableModuleClass {}
