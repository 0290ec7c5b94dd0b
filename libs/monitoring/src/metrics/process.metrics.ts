import { Inject, Injectable } from '@nestjs/common';
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { performance, type EventLoopUtilization } from 'node:perf_hooks';
import { Gauge } from 'prom-client';
import { MONITORING_OPTIONS, type MonitoringOptions } from '../monitoring.options.js';

/** Memory that the process may use: the control group's limit (version 2, then 1), else the machine's. Bytes. */
export function memoryLimitBytes(read: (path: string) => string = readText): number {
  for (const path of ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes']) {
    const limit = Number(read(path));
    // Without a limit version 2 says `max`, and version 1 a number near 2^63.
    if (limit > 0 && limit < totalmem()) return limit;
  }
  return totalmem();
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    // No such control group on this system.
    return '';
  }
}

/** What prom-client's default metrics leave out: event-loop use, the memory limit and the build. */
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
    new Gauge({ name: 'build_info', help: 'Always 1; its labels name the build', labelNames: Object.keys(build) }).set(build, 1);
  }

  private utilizationSinceLast(): number {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.last);
    this.last = now;
    return utilization;
  }
}
