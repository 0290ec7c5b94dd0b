/**
 * `closed`: Redis is used. `open`: it is not asked, but probed in the background. `settling`: it answers again and is told about
 * invalidations, but what it holds is not believed yet, since other processes may still owe it theirs.
 */
export type CircuitState = 'closed' | 'open' | 'settling';

export interface CircuitBreakerOptions {
  /** Failures in a row that open it. */
  readonly failures: number;
  /** Milliseconds between probes while it is open. */
  readonly probeMs: number;
  /** Milliseconds between the first good probe and `closed`. */
  readonly settleMs: number;
  /** Runs when it opens, and before the first use of Redis after it: rejects as long as Redis does not do. */
  readonly probe: () => Promise<void>;
  readonly onChange: (state: CircuitState) => void;
}

/**
 * Stops asking a Redis that does not answer, so that only the first few callers wait for it, and finds out in the background when
 * it is back. Timers run only while it is not closed, and do not keep the process alive.
 */
export class CircuitBreaker {
  private current: CircuitState = 'closed';
  private failuresInRow = 0;
  private opened = 0;
  private timer: NodeJS.Timeout | undefined;
  private isStopped = false;

  constructor(private readonly options: CircuitBreakerOptions) {}

  get state(): CircuitState {
    return this.current;
  }

  /** How often it has opened. */
  get openings(): number {
    return this.opened;
  }

  succeeded(): void {
    this.failuresInRow = 0;
  }

  failed(): void {
    this.failuresInRow += 1;
    if (this.failuresInRow >= this.options.failures) this.trip();
  }

  /** Opens at once: Redis has missed something that it has to be told first. */
  trip(): void {
    if (this.current === 'open' || this.isStopped) return;
    this.opened += 1;
    this.change('open');
    this.schedule(() => void this.probe(), this.options.probeMs);
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
  }

  private async probe(): Promise<void> {
    try {
      await this.options.probe();
    } catch {
      // Still away: the reason is counted by whoever sent the command.
      this.schedule(() => void this.probe(), this.options.probeMs);
      return;
    }
    if (this.isStopped || this.current !== 'open') return;
    this.failuresInRow = 0;
    this.change('settling');
    // Unless whoever was told of it has tripped it again.
    if (this.state === 'settling') this.schedule(() => this.change('closed'), this.options.settleMs);
  }

  private change(state: CircuitState): void {
    clearTimeout(this.timer);
    if (this.current === state) return;
    this.current = state;
    this.options.onChange(state);
  }

  private schedule(action: () => void, ms: number): void {
    clearTimeout(this.timer);
    if (!this.isStopped) this.timer = setTimeout(action, ms).unref();
  }
}
