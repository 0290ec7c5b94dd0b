export interface WriteBehindOptions {
  /** Writes the sums of a batch, by id, in one statement. When it rejects they are kept for the next batch. */
  readonly flush: (sums: ReadonlyMap<string, number>) => Promise<void>;
  /** How long a count waits at most, in milliseconds. Default 5,000. */
  readonly flushMs?: number;
  /** Ids that are held at most; reaching it writes at once. Default 10,000. */
  readonly maxIds?: number;
  readonly onError?: (error: unknown) => void;
}

/**
 * Counters written in batches: a popular page costs a row update every few seconds, not one per reader. Memory is bounded by twice
 * `maxIds`: while writing fails and there is no room, counts of further ids are dropped, and counted in `dropped`. A process that is
 * killed loses what it had not written. No timer runs while there is nothing to write.
 */
export class WriteBehindCounter {
  private sums = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> | undefined;
  private hasFailed = false;
  private isStopped = false;
  private lost = 0;
  private readonly flushMs: number;
  private readonly maxIds: number;

  constructor(private readonly options: WriteBehindOptions) {
    this.flushMs = options.flushMs ?? 5000;
    this.maxIds = options.maxIds ?? 10_000;
  }

  /** Counts that found no room, or came after the end. */
  get dropped(): number {
    return this.lost;
  }

  /** Ids that wait to be written. */
  get size(): number {
    return this.sums.size;
  }

  /** What has been counted for an id and is not yet on its way. */
  pending(id: string | number): number {
    return this.sums.get(String(id)) ?? 0;
  }

  add(id: string | number, by = 1): void {
    this.collect(String(id), by);
    this.schedule();
  }

  /** Writes what waits, as one batch, or joins the batch that is being written. Never rejects. */
  flush(): Promise<void> {
    this.writing ??= this.writeBatch().finally(() => {
      this.writing = undefined;
      this.schedule();
    });
    return this.writing;
  }

  /** Writes all that was counted, and takes nothing that comes later. Gives up at the first batch that fails. */
  async stop(): Promise<void> {
    while (this.writing) await this.writing;
    this.isStopped = true;
    await this.flush();
  }

  private collect(id: string, by: number): void {
    const known = this.sums.get(id);
    if (this.isStopped || (known === undefined && this.sums.size >= this.maxIds)) this.lost += by;
    else this.sums.set(id, (known ?? 0) + by);
  }

  /** A full batch goes at once, unless the last one failed: then each count would bring a statement that fails too. */
  private schedule(): void {
    if (this.isStopped || this.sums.size === 0 || this.writing) return;
    if (this.sums.size >= this.maxIds && !this.hasFailed) void this.flush();
    else this.timer ??= setTimeout(() => void this.flush(), this.flushMs).unref();
  }

  private async writeBatch(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.sums.size === 0) return;
    const batch = this.sums;
    this.sums = new Map();
    try {
      await this.options.flush(batch);
      this.hasFailed = false;
    } catch (error) {
      this.hasFailed = true;
      for (const [id, by] of batch) this.collect(id, by);
      this.options.onError?.(error);
    }
  }
}
