/** Time as a dependency, so that a test can move it. `now` is wall time in milliseconds since the epoch; it may jump. */
export interface Clock {
  now(): number;
  /** Milliseconds from a fixed origin; never goes back. For measuring, never for dates. */
  monotonic(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};
