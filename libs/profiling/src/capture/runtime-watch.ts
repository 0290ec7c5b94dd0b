import { monitorEventLoopDelay, PerformanceObserver, type IntervalHistogram } from 'node:perf_hooks';

interface Stretch {
  /** Monotonic milliseconds. */
  readonly from: number;
  readonly to: number;
  readonly ms: number;
}

const windowMs = 100;
const keptStretches = 600;
const resolutionMs = 10;

/**
 * What the whole process went through: pauses for garbage collection, and how late its event loop ran. Node has one heap and one loop
 * for all requests, so a request is told what happened while it ran, not what it caused. Keeps the last minute; costs a native timer
 * and one small reading every 100 ms.
 */
export class RuntimeWatch {
  private readonly pauses: Stretch[] = [];
  private readonly delays: Stretch[] = [];
  private readonly observer = new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) {
      keep(this.pauses, { from: startTime, to: startTime + duration, ms: duration });
    }
  });
  private histogram: IntervalHistogram | undefined;
  private timer: NodeJS.Timeout | undefined;
  private windowStart = 0;

  start(): void {
    this.observer.observe({ entryTypes: ['gc'] });
    this.histogram = monitorEventLoopDelay({ resolution: resolutionMs });
    this.histogram.enable();
    this.windowStart = performance.now();
    this.timer = setInterval(() => this.closeWindow(), windowMs).unref();
  }

  stop(): void {
    this.observer.disconnect();
    this.histogram?.disable();
    clearInterval(this.timer);
  }

  /** Before requests that have just ended are asked about: what the event loop did until now is known then. */
  look(): void {
    this.closeWindow();
  }

  /** Milliseconds of garbage collection between two monotonic times. */
  gcMs(from: number, to: number): number {
    return overlapping(this.pauses, from, to).reduce((sum, pause) => sum + Math.min(pause.to, to) - Math.max(pause.from, from), 0);
  }

  /** How late the event loop ran at worst in the tenth of a second that a time between the two lies in, in milliseconds. */
  loopDelayMs(from: number, to: number): number {
    return overlapping(this.delays, from, to).reduce((most, { ms }) => Math.max(most, ms), 0);
  }

  private closeWindow(): void {
    const now = performance.now();
    const { histogram } = this;
    if (!histogram || histogram.max === 0) return;
    // The histogram counts from timer to timer, so the resolution is part of every reading.
    keep(this.delays, { from: this.windowStart, to: now, ms: Math.max(0, histogram.max / 1e6 - resolutionMs) });
    histogram.reset();
    this.windowStart = now;
  }
}

function keep(stretches: Stretch[], stretch: Stretch): void {
  stretches.push(stretch);
  if (stretches.length > keptStretches) stretches.splice(0, keptStretches / 2);
}

/** The newest are at the end, and a request that is looked at has just ended. */
function overlapping(stretches: readonly Stretch[], from: number, to: number): Stretch[] {
  const found: Stretch[] = [];
  for (let index = stretches.length - 1; index >= 0; index -= 1) {
    const stretch = stretches[index];
    if (!stretch || stretch.to < from) break;
    if (stretch.from <= to) found.push(stretch);
  }
  return found;
}
