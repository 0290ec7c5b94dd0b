/** From calm to overloaded; the index is the level's number, 0 to 3. */
export const loadLevels = ['low', 'medium', 'high', 'critical'] as const;
export type LoadLevel = (typeof loadLevels)[number];

/** What is left of a limit at each level, in percent. */
const quotaPercents = [100, 70, 40, 10];

/** Rounded down, and never below 1. */
export const limitAt = (limit: number, level: number): number => Math.max(1, Math.floor((limit * (quotaPercents[level] ?? 100)) / 100));

/** One look at the process. Ratios are 0 to 1 of what it may use. */
export interface LoadSample {
  /** CPU of the process, of its quota. */
  readonly cpuRatio: number;
  /** Share of the time that the event loop was busy. */
  readonly eventLoopRatio: number;
  readonly memoryRatio: number;
  /** Mean lateness of the event loop, in milliseconds. */
  readonly loopDelayMs: number;
  /** Mean wait of a query for a database connection, in milliseconds. */
  readonly poolWaitMs: number;
}

export const signals = ['cpuRatio', 'eventLoopRatio', 'memoryRatio', 'loopDelayMs', 'poolWaitMs'] as const;
export type LoadSignal = (typeof signals)[number];

/** From where on a signal means medium, high and critical. */
export const thresholds: Readonly<Record<LoadSignal, readonly [number, number, number]>> = {
  cpuRatio: [0.6, 0.8, 0.95],
  eventLoopRatio: [0.6, 0.8, 0.95],
  memoryRatio: [0.7, 0.85, 0.95],
  loopDelayMs: [50, 150, 500],
  poolWaitMs: [50, 250, 1000],
};

/** The worst that any signal says, 0 to 3. */
export function levelOf(sample: LoadSample): number {
  let level = 0;
  for (const signal of signals) level = Math.max(level, thresholds[signal].filter((from) => sample[signal] >= from).length);
  return level;
}

/** Rises at once; falls when every sample of `holdMs` was below, and then no lower than the highest of them. */
export class HeldLevel {
  private level = 0;
  private belowSince: number | undefined;
  private highestBelow = 0;

  constructor(private readonly holdMs: number) {}

  get current(): number {
    return this.level;
  }

  update(seen: number, now: number): number {
    if (seen >= this.level) {
      this.level = seen;
      this.belowSince = undefined;
      return this.level;
    }
    this.highestBelow = this.belowSince === undefined ? seen : Math.max(this.highestBelow, seen);
    this.belowSince ??= now;
    if (now - this.belowSince >= this.holdMs) {
      this.level = this.highestBelow;
      this.belowSince = undefined;
    }
    return this.level;
  }
}
