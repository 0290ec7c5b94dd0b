import type { Clock } from '@app/common';
import { Logger } from '@nestjs/common';
import type { MemoryStore } from './memory.store.js';
import type { Ask, Decision, LimitStore } from './store.js';

/** A store behind a connection, which can be made ready before it is asked. */
export interface RemoteStore extends LimitStore {
  prepare(): Promise<void>;
}

export interface SharedStoreOptions {
  readonly clock: Clock;
  /** What the replicas share. */
  readonly remote: RemoteStore;
  /** What takes over; it also keeps what this process has let through, so that taking over is no fresh start. */
  readonly local: MemoryStore;
  /** Longest silence while answers are awaited, in milliseconds; a fifth more before it is believed. It ends the asking. */
  readonly deadlineMs: number;
  /** How long after a failure the remote store is tried again, in milliseconds; never by a request. */
  readonly retryMs: number;
}

interface Call {
  readonly ask: Ask;
  readonly sentAt: number;
  readonly resolve: (decision: Decision) => void;
}

const probe: Ask = { meter: { name: 'probe', windowMs: 1000, algorithm: 'gcra' }, client: '', limit: 1000, cost: 1 };

/**
 * The remote store while it answers; the local one, at once and without a further wait, while it does not. Never throws. What the local
 * store knows to be over the limit is refused without asking: hits of this process that fill the limit by themselves, and for up to a
 * second whatever the remote store has refused.
 */
export class SharedStore implements LimitStore {
  private readonly logger = new Logger('RateLimit');
  private readonly pending = new Set<Call>();
  private isAway = false;
  private isClosed = false;
  private heardAt = 0;
  private watch: NodeJS.Timeout | undefined;
  private retry: NodeJS.Timeout | undefined;
  private fallbacks = 0;
  private failures = 0;
  private refusedUnasked = 0;

  constructor(private readonly options: SharedStoreOptions) {}

  /** Makes the remote store ready; one that is away is met by the first request. */
  async start(): Promise<void> {
    await this.options.remote.prepare().catch(() => undefined);
  }

  take(ask: Ask): Decision | Promise<Decision> {
    if (this.isAway) return this.takeLocally(ask);
    const refused = this.options.local.refusal(ask);
    if (refused) {
      this.refusedUnasked += 1;
      return refused;
    }
    return this.takeRemotely(ask);
  }

  /**
   * `fallbacks`: decisions taken by the local store in place of the remote one; `failures`: times that it went away; `refusedUnasked`:
   * refusals given without asking it.
   */
  stats() {
    const { fallbacks, failures, refusedUnasked, isAway } = this;
    return { isAway, fallbacks, failures, refusedUnasked };
  }

  /** Leaves no timer behind. */
  close(): void {
    this.isClosed = true;
    clearTimeout(this.watch);
    clearTimeout(this.retry);
  }

  private takeLocally(ask: Ask): Decision {
    this.fallbacks += 1;
    return this.options.local.take(ask);
  }

  private takeRemotely(ask: Ask): Promise<Decision> {
    return new Promise((resolve) => {
      const call: Call = { ask, sentAt: this.options.clock.monotonic(), resolve };
      this.pending.add(call);
      if (!this.watch) this.lookIn(this.options.deadlineMs, false);
      Promise.resolve(this.options.remote.take(ask)).then(
        (decision) => this.answered(call, decision),
        (error: unknown) => this.leave(error),
      );
    });
  }

  private answered(call: Call, decision: Decision): void {
    this.heardAt = this.options.clock.monotonic();
    // After the deadline it has been decided here.
    if (!this.pending.delete(call)) return;
    if (decision.isAllowed) this.options.local.add(call.ask, call.sentAt);
    else this.options.local.refuse(call.ask, decision.waitMs);
    call.resolve(decision);
  }

  /** One timer for all that is pending, since calls are answered in the order in which they were sent. */
  private lookIn(ms: number, isSecondLook: boolean): void {
    const dueAt = this.options.clock.monotonic() + ms;
    this.watch = setTimeout(() => setImmediate(() => this.look(isSecondLook, dueAt)), ms);
  }

  /**
   * A process that was busy finds its timer due before it has sent its commands or read the answers that are there. So silence counts
   * only when it lasts to a second look, after a turn of the event loop: an overloaded process must not take itself for a lost Redis.
   */
  private look(isSecondLook: boolean, dueAt: number): void {
    this.watch = undefined;
    const { deadlineMs, clock } = this.options;
    const [oldest] = this.pending;
    if (!oldest || this.isClosed) return;
    const now = clock.monotonic();
    const leftMs = Math.max(oldest.sentAt, this.heardAt) + deadlineMs - now;
    if (leftMs > 0) return this.lookIn(leftMs, false);
    if (isSecondLook) return this.leave(new Error(`no answer within ${deadlineMs} ms`));
    const wasBusy = now - dueAt > deadlineMs / 2;
    this.lookIn(wasBusy ? deadlineMs : deadlineMs / 5, true);
  }

  private leave(error: unknown): void {
    if (!this.isAway) {
      this.isAway = true;
      this.failures += 1;
      this.logger.warn(`the limits are kept in this process alone: ${error instanceof Error ? error.message : String(error)}`);
      this.tryLater();
    }
    for (const { ask, resolve } of this.pending) resolve(this.takeLocally(ask));
    this.pending.clear();
  }

  private tryLater(): void {
    if (this.isClosed) return;
    this.retry = setTimeout(() => {
      this.tryAgain().catch(() => this.tryLater());
    }, this.options.retryMs);
    this.retry.unref();
  }

  /** A real decision, since a server that is full or read-only answers a ping. One that answers late is as good as away. */
  private async tryAgain(): Promise<void> {
    const { clock, remote, deadlineMs } = this.options;
    const startedAt = clock.monotonic();
    await remote.prepare();
    await remote.take(probe);
    if (clock.monotonic() - startedAt > deadlineMs) return this.tryLater();
    this.isAway = false;
    this.logger.log('the limits are shared again');
  }
}
