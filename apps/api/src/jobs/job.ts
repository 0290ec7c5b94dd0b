/** Work that one process of all replicas does, again and again, and never twice at once. */
export interface Job {
  /** At most 50 characters; the name of its lease. */
  readonly name: string;
  /** From the start of one run to the start of the next. A run that takes longer delays the next one. */
  readonly intervalMs: number;
  /** `signal` is aborted when the process stops, or when the lease was lost and another process may have begun. */
  run(signal: AbortSignal): Promise<unknown>;
}
