import type { Clock } from '@app/common';
import type { Meter } from '../src/stores/store.js';

/** Time that a test moves; `now` and `monotonic` apart, so that a wall clock can jump alone. */
export class TestClock implements Clock {
  wallMs = 1_800_000_000_000;
  elapsedMs = 0;

  now(): number {
    return this.wallMs;
  }

  monotonic(): number {
    return this.elapsedMs;
  }

  advance(ms: number): void {
    this.wallMs += ms;
    this.elapsedMs += ms;
  }
}

export const meterOf = (name: string, algorithm: Meter['algorithm'] = 'sliding-log', windowMs = 60_000): Meter => ({
  name,
  algorithm,
  windowMs,
});

/** The mulberry32 generator: numbers from 0 to below 1, the same for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
