export { FastHistogram, HistogramSeries } from './fast-histogram.js';
export { ConnectionMetrics } from './metrics/connection.metrics.js';
export { memoryLimitBytes } from './metrics/process.metrics.js';
export { MonitoringModule } from './monitoring.module.js';
export type { MonitoringOptions } from './monitoring.options.js';
