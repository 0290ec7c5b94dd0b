import { queryFinished, readCgroupLimits, type CgroupLimits } from '@app/common';
import { totalmem } from 'node:os';
import { monitorEventLoopDelay, performance, type EventLoopUtilization } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { LoadSample } from './load-level.js';

/** Where samples come from; a test gives its own. */
export interface LoadSource {
  start(): void;
  /** What happened since the last call, or since the start. */
  sample(): LoadSample;
  stop(): void;
}

const RESOLUTION_MS = 20;

/**
 * This process, against what its container allows. The host's own load is no signal: neighbours would throttle our clients. Event-loop
 * use is the difference of two readings; since the start it would hardly move late in life.
 */
export class ProcessLoad implements LoadSource {
  private readonly cores: number;
  private readonly memoryBytes: number;
  private readonly delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  private cpu = process.cpuUsage();
  private loop: EventLoopUtilization = performance.eventLoopUtilization();
  private at = performance.now();
  private waits = { count: 0, totalMs: 0 };
  private stopListening: (() => void) | undefined;

  constructor(limits: CgroupLimits = readCgroupLimits()) {
    this.cores = limits.cpuCores ?? 1;
    this.memoryBytes = Math.min(limits.memoryBytes ?? Infinity, totalmem());
  }

  start(): void {
    this.delay.enable();
    this.stopListening = queryFinished.subscribe(({ waitMs }) => {
      this.waits.count += 1;
      this.waits.totalMs += waitMs;
    });
  }

  sample(): LoadSample {
    const now = performance.now();
    const cpu = process.cpuUsage();
    const cpuMs = (cpu.user - this.cpu.user + cpu.system - this.cpu.system) / 1000;
    const loop = performance.eventLoopUtilization();
    const sample = {
      cpuRatio: cpuMs / ((now - this.at) * this.cores),
      eventLoopRatio: performance.eventLoopUtilization(loop, this.loop).utilization,
      memoryRatio: this.memoryRatio(),
      loopDelayMs: this.delay.count === 0 ? 0 : Math.max(0, this.delay.mean / 1e6 - RESOLUTION_MS),
      poolWaitMs: this.waits.count === 0 ? 0 : this.waits.totalMs / this.waits.count,
    };
    this.cpu = cpu;
    this.loop = loop;
    this.at = now;
    this.delay.reset();
    this.waits = { count: 0, totalMs: 0 };
    return sample;
  }

  stop(): void {
    this.delay.disable();
    this.stopListening?.();
  }

  /** Of the container, and of V8's heap, whichever is nearer to its end. */
  private memoryRatio(): number {
    const heap = getHeapStatistics();
    return Math.max(process.memoryUsage.rss() / this.memoryBytes, heap.used_heap_size / heap.heap_size_limit);
  }
}
