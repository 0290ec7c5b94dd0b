import type { GradientLimit } from './gradient-limit.js';

/** 0: never refused; 1 to 5: the higher the number, the earlier it is refused. */
export type Priority = 0 | 1 | 2 | 3 | 4 | 5;

/**
 * The share of the concurrency limit up to which a priority is let in, by load level (rows) and priority (columns): under load the
 * highest numbers go first, and what is left of the limit is for the lower ones.
 */
const shares: readonly (readonly number[])[] = [
  [1, 1, 0.9, 0.8, 0.7, 0.5],
  [1, 1, 0.9, 0.8, 0.6, 0.3],
  [1, 1, 0.9, 0.7, 0.5, 0.1],
  [1, 1, 0.8, 0.6, 0.3, 0],
];

/** What is asked of the admission about one request. */
export interface Entrant {
  readonly priority: Priority;
  /** Waits for its turn rather than being refused. */
  readonly queues: boolean;
}

interface Waiter {
  readonly isGone: () => boolean;
  readonly enter: (isIn: boolean) => void;
}

/**
 * Who is in flight. A request that queues is refused only when `queueLimit` of its kind are in flight or waiting. In whole-process
 * terms; synchronous, so nothing comes between a look and a step.
 */
export class Admission {
  private inFlight = 0;
  private queueing = 0;
  private readonly waiters: Waiter[] = [];

  constructor(
    private readonly gradient: GradientLimit,
    private readonly queueLimit: number,
  ) {}

  stats() {
    return { limit: Math.floor(this.gradient.limit), inFlight: this.inFlight, waiting: this.waiters.length };
  }

  hasRoom(priority: Priority, level: number): boolean {
    const share = shares[level]?.[priority] ?? 1;
    return share > 0 && this.inFlight < Math.max(1, share * this.gradient.limit);
  }

  /** Whether a request that queues would be refused. */
  isQueueFull(): boolean {
    return this.queueing >= this.queueLimit;
  }

  /** Counts a request in, whether or not there is room: who has no room is asked about before. */
  enter({ queues }: Entrant): void {
    this.inFlight += 1;
    if (queues) this.queueing += 1;
  }

  /** In turn; false: its client has gone meanwhile. */
  wait(isGone: () => boolean): Promise<boolean> {
    this.queueing += 1;
    return new Promise((enter) => this.waiters.push({ isGone, enter }));
  }

  /** The request has been answered; without a latency where it says nothing about the load. */
  leave({ queues }: Entrant, route: number, latencyMs: number | undefined): void {
    if (latencyMs !== undefined) this.gradient.record(route, latencyMs, this.inFlight);
    this.inFlight -= 1;
    if (queues) this.queueing -= 1;
    while (this.waiters.length > 0 && this.hasRoom(1, 0)) this.admitNext();
  }

  private admitNext(): void {
    const waiter = this.waiters.shift();
    if (!waiter) return;
    const isIn = !waiter.isGone();
    if (isIn) this.inFlight += 1;
    else this.queueing -= 1;
    waiter.enter(isIn);
  }
}
