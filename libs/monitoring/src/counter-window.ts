interface Sample {
  readonly at: number;
  readonly values: readonly number[];
}

/**
 * By how much counters have grown within the last `windowMs`, as `increase` of Prometheus says it, without its extrapolation. Kept
 * are the samples of one window: take them at a steady pace. Until a window has passed, the growth since the first sample.
 */
export class CounterWindow {
  private readonly samples: Sample[] = [];

  constructor(private readonly windowMs: number) {}

  /** `at` in milliseconds of a clock that never goes back; always as many values, in the same order. Returns the growth of each. */
  add(at: number, values: readonly number[]): number[] {
    this.samples.push({ at, values });
    // The newest of those that are a window old is where the window begins.
    while (this.samples[1] && this.samples[1].at <= at - this.windowMs) this.samples.shift();
    return this.growth(values);
  }

  /** The growth up to these values, which are not kept. Without a sample, since zero. */
  growth(values: readonly number[]): number[] {
    const first = this.samples[0]?.values;
    return values.map((value, index) => value - (first?.[index] ?? 0));
  }
}
