import type { Clock } from '@app/common';

/** How often a post was seen on one day (UTC, `2026-01-31`). */
export interface DailyViews {
  readonly postId: number;
  readonly day: string;
  readonly views: number;
}

export interface ViewCounterOptions {
  readonly clock: Clock;
  /** Writes all of them in one statement. When it throws they are kept and written with the next batch. */
  readonly write: (batch: readonly DailyViews[]) => Promise<void>;
  /** How long a view waits at most, in milliseconds. */
  readonly flushMs: number;
  /** Posts (per day) that are held at most; reaching it writes at once. */
  readonly maxPosts: number;
  readonly onError: (error: unknown) => void;
}

/**
 * Counts views in memory and writes them in batches: a popular post costs a row update every few seconds, not one for each reader.
 * Memory is bounded by twice `maxPosts`: while the database is away and there is no room, views of further posts are dropped and
 * counted in `dropped`. A process that is killed loses what it had not written. No timer runs while there is nothing to write.
 */
export class ViewCounter {
  private pending = new Map<string, DailyViews>();
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> | undefined;
  private hasFailed = false;
  private isStopped = false;
  private droppedViews = 0;

  constructor(private readonly options: ViewCounterOptions) {}

  /** Views that found no room, or came after the end. */
  get dropped(): number {
    return this.droppedViews;
  }

  /** Posts (per day) that wait to be written. */
  get size(): number {
    return this.pending.size;
  }

  count(postId: number): void {
    this.add({ postId, day: new Date(this.options.clock.now()).toISOString().slice(0, 10), views: 1 });
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

  /** Writes all that was counted, and nothing that comes later. Gives up at the first batch that fails. */
  async stop(): Promise<void> {
    while (this.writing) await this.writing;
    this.isStopped = true;
    await this.flush();
  }

  private add({ postId, day, views }: DailyViews): void {
    const key = `${day}/${postId}`;
    const known = this.pending.get(key);
    if (this.isStopped || (!known && this.pending.size >= this.options.maxPosts)) this.droppedViews += views;
    else this.pending.set(key, { postId, day, views: (known?.views ?? 0) + views });
  }

  /** A full batch goes at once, unless the last one failed: then each view would bring a statement that fails too. */
  private schedule(): void {
    if (this.isStopped || this.pending.size === 0 || this.writing) return;
    if (this.pending.size >= this.options.maxPosts && !this.hasFailed) void this.flush();
    else this.timer ??= setTimeout(() => void this.flush(), this.options.flushMs).unref();
  }

  private async writeBatch(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.pending.size === 0) return;
    const batch = [...this.pending.values()];
    this.pending = new Map();
    try {
      await this.options.write(batch);
      this.hasFailed = false;
    } catch (error) {
      this.hasFailed = true;
      batch.forEach((views) => this.add(views));
      this.options.onError(error);
    }
  }
}
