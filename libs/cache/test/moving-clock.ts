import type { Clock } from '@app/common';

/** Time that stands still until it is moved. */
export class MovingClock implements Clock {
  private wall = Date.UTC(2026, 0, 1);
  private elapsed = 0;

  now = (): number => this.wall;
  monotonic = (): number => this.elapsed;

  pass(ms: number): void {
    this.wall += ms;
    this.elapsed += ms;
  }

  /** Somebody sets the clock of the machine. */
  jump(ms: number): void {
    this.wall += ms;
  }
}
