import type { Clock } from '@app/common';
import { Logger } from '@nestjs/common';
import type { FleetLevel } from './fleet-level.js';
import { HeldLevel, levelOf, loadLevels, signals, type LoadLevel, type LoadSample, type LoadSignal } from './load-level.js';
import type { LoadSource } from './process-load.js';

export interface LoadMonitorOptions {
  readonly clock: Clock;
  readonly source: LoadSource;
  readonly fleet?: FleetLevel | undefined;
  /** Time between two samples, in milliseconds. */
  readonly sampleMs: number;
  /** How long the load must have been lower before the level falls, in milliseconds. */
  readonly holdMs: number;
  /** A level for tests and drills; nothing is measured then. */
  readonly pinned?: LoadLevel | undefined;
}

/** Share of the newest sample in the smoothed figures: three quarters of a lasting change show after four samples. */
const SMOOTHING = 0.3;

const calm: LoadSample = { cpuRatio: 0, eventLoopRatio: 0, memoryRatio: 0, loopDelayMs: 0, poolWaitMs: 0 };

/**
 * How loaded this process is: sampled in the background, never in a request; smoothed; the worst of its signals. A replica goes by what
 * the fleet has agreed on, or by its own level where that is higher. Reading `level` costs a field access.
 */
export class LoadMonitor {
  private readonly logger = new Logger('RateLimit');
  private readonly held: HeldLevel;
  private smoothed: Record<LoadSignal, number> = { ...calm };
  private timer: NodeJS.Timeout | undefined;
  private number: number;

  constructor(private readonly options: LoadMonitorOptions) {
    this.held = new HeldLevel(options.holdMs);
    this.number = options.pinned ? loadLevels.indexOf(options.pinned) : 0;
  }

  /** 0 (low) to 3 (critical). */
  get level(): number {
    return this.number;
  }

  /** The smoothed signals. */
  get figures(): LoadSample {
    return this.smoothed;
  }

  start(): void {
    if (this.options.pinned) return;
    this.options.source.start();
    this.timer = setInterval(() => void this.tick(), this.options.sampleMs);
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
    this.options.source.stop();
  }

  /** One sample; the timer's work, and a test's. */
  async tick(): Promise<void> {
    const sample = this.options.source.sample();
    for (const signal of signals) this.smoothed[signal] += (sample[signal] - this.smoothed[signal]) * SMOOTHING;
    const own = this.held.update(levelOf(this.smoothed), this.options.clock.monotonic());
    this.change(Math.max(own, this.options.fleet?.current ?? 0));
    await this.options.fleet?.report(own);
    this.change(Math.max(this.held.current, this.options.fleet?.current ?? 0));
  }

  private change(level: number): void {
    if (level === this.number) return;
    const [from, to] = [loadLevels[this.number], loadLevels[level]];
    this.number = level;
    this.logger.warn({ from, to, own: loadLevels[this.held.current], ...this.smoothed }, `load level ${to ?? level}`);
  }
}
