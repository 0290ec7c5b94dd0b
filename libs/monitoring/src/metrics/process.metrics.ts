import { findCgroupMemory, readCgroupLimits, type CgroupLimits } from '@app/common';
import { Inject, Injectable } from '@nestjs/common';
import { totalmem } from 'node:os';
import { performance, type EventLoopUtilization } from 'node:perf_hooks';
import { Gauge } from 'prom-client';
import { MONITORING_OPTIONS, type MonitoringOptions } from '../monitoring.options.js';
import { addCgroupMemory } from './cgroup-memory.js';

/** Memory that the process may use: the control group's limit, or the machine's where that is less. Bytes. Reads files: ask once. */
export const memoryLimitBytes = ({ memoryBytes = Infinity }: Pick<CgroupLimits, 'memoryBytes'> = readCgroupLimits()): number =>
  Math.min(memoryBytes, totalmem());

/** What prom-client's default metrics leave out: event-loop use, the memory limit, the control group and the build. */
@Injectable()
export class ProcessMetrics {
  private last: EventLoopUtilization = performance.eventLoopUtilization();

  constructor(@Inject(MONITORING_OPTIONS) { build }: MonitoringOptions) {
    const use: Gauge = new Gauge({
      name: 'nodejs_eventloop_utilization_ratio',
      help: 'Share of the time since the last scrape in which the event loop was not idle',
      collect: () => use.set(this.utilizationSinceLast()),
    });
    new Gauge({ name: 'process_memory_limit_bytes', help: 'Memory that the process may use' }).set(memoryLimitBytes());
    addCgroupMemory(findCgroupMemory());
    new Gauge({ name: 'build_info', help: 'Always 1; its labels name the build', labelNames: Object.keys(build) }).set(build, 1);
  }

  private utilizationSinceLast(): number {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.last);
    this.last = now;
    return utilization;
  }
}
