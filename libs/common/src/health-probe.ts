/** `degraded`: the part works worse or not at all, yet requests are answered without it. `down`: they are not. */
export type HealthStatus = 'up' | 'degraded' | 'down';

export interface HealthReport {
  readonly status: HealthStatus;
  /** Milliseconds that the check took. */
  readonly latencyMs: number;
  /** Figures and reasons for operators; never shown to the public. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** A part of the system that can say how it is. `check` never throws and answers within about a second. */
export interface HealthProbe {
  readonly name: string;
  check(): Promise<HealthReport>;
}
