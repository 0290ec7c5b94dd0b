import { Logger } from '@nestjs/common';

/** What a `QueueWorker` works off; its rows live in the database. */
export interface Queue<Task, Outcome> {
  readonly name: string;
  /** Takes what may begin now, given what runs already. */
  take(): Promise<readonly Task[]>;
  /** Never rejects: a failure is an outcome. */
  work(task: Task): Promise<Outcome>;
  /** Writes outcomes down, all or none. */
  record(outcomes: readonly Outcome[]): Promise<void>;
}

/**
 * Works off a queue until it is told to stop: many tasks at once, but one statement at a time, so that a backlog never takes the
 * database connections of requests. Looks for tasks when it is woken, when one has ended, and every `pollMs`.
 */
export class QueueWorker<Task, Outcome> {
  private readonly logger = new Logger('Events');
  private readonly running = new Set<Promise<void>>();
  private finished: Outcome[] = [];
  private isWoken = false;
  private isFailing = false;
  private endNap: (() => void) | undefined;

  constructor(
    private readonly queue: Queue<Task, Outcome>,
    private readonly pollMs: number,
  ) {}

  /** Begins nothing after the signal; ends when all that runs has ended and is written down. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const wake = (): void => this.wake();
    signal.addEventListener('abort', wake);
    while (!signal.aborted) {
      await this.guarded(async () => {
        await this.record();
        for (const task of await this.queue.take()) this.begin(task);
      });
      await this.nap(signal);
    }
    signal.removeEventListener('abort', wake);
    await Promise.all(this.running);
    await this.guarded(() => this.record());
  }

  /** There may be something to do. */
  wake(): void {
    this.isWoken = true;
    this.endNap?.();
  }

  private begin(task: Task): void {
    const run = this.queue
      .work(task)
      .then((outcome) => void this.finished.push(outcome))
      .catch((error: unknown) => this.logger.error({ err: error }, `${this.queue.name}: a task broke off`))
      .finally(() => {
        this.running.delete(run);
        this.wake();
      });
    this.running.add(run);
  }

  private async record(): Promise<void> {
    if (this.finished.length === 0) return;
    const outcomes = this.finished;
    this.finished = [];
    try {
      await this.queue.record(outcomes);
    } catch (error) {
      // They stay to be written down with the next ones.
      this.finished.unshift(...outcomes);
      throw error;
    }
  }

  /** A database that is away stops the work, not the worker; it is told once. */
  private async guarded(round: () => Promise<void>): Promise<void> {
    try {
      await round();
      if (this.isFailing) this.logger.log(`${this.queue.name}: works again`);
      this.isFailing = false;
    } catch (error) {
      if (!this.isFailing) this.logger.error({ err: error }, `${this.queue.name}: stands still until the database answers`);
      this.isFailing = true;
      this.isWoken = false;
    }
  }

  private async nap(signal: AbortSignal): Promise<void> {
    if (!this.isWoken && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.pollMs);
        this.endNap = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.endNap = undefined;
    }
    this.isWoken = false;
  }
}
