import type { Clock } from '@app/common';
import { Gcra } from './gcra.js';
import { SlidingLog } from './sliding-log.js';
import type { Ask, Decision, LimitStore, Meter } from './store.js';
import type { Usage } from './usage.js';

export interface MemoryStoreOptions {
  readonly clock: Clock;
  /** Roughly the most that is kept, in bytes. Past it the clients that were quiet longest are forgotten: they start afresh. */
  readonly maxBytes: number;
}

/**
 * The limits of one process. Monotonic time, so that a clock that is set makes no difference. No timer: clients are kept in two
 * generations, and one that was quiet for a whole window goes with the older of them (the scheme is known as `hashlru`).
 */
export class MemoryStore implements LimitStore {
  private young = new Map<string, Usage>();
  private old = new Map<string, Usage>();
  private youngBytes = 0;
  private oldBytes = 0;
  private longestWindow = 0;
  private turnedAt: number;
  private forgotten = 0;

  constructor(private readonly options: MemoryStoreOptions) {
    this.turnedAt = microseconds(options.clock.monotonic());
  }

  take(ask: Ask): Decision {
    const now = this.now();
    const usage = this.usageOf(ask, now);
    const decision = usage.check(now, ask);
    if (decision.isAllowed) this.record(usage, now, ask);
    return decision;
  }

  /** The refusal that this process can give by itself: its own hits fill the limit, or the shared store has just refused. */
  refusal(ask: Ask): Decision | undefined {
    const { meter, client } = ask;
    const usage = find(this.young.get(client), meter) ?? find(this.old.get(client), meter);
    if (!usage) return undefined;
    const now = this.now();
    const refused = usage.refusal(now, ask);
    if (refused) return refused;
    const decision = usage.check(now, ask);
    return decision.isAllowed ? undefined : decision;
  }

  /** Records what the shared store has allowed, as of the moment it was asked: monotonic milliseconds. */
  add(ask: Ask, atMs: number): void {
    const at = microseconds(atMs);
    this.record(this.usageOf(ask, at), at, ask);
  }

  /** Remembers that the shared store has refused, for a second at most. */
  refuse(ask: Ask, waitMs: number): void {
    const now = this.now();
    this.usageOf(ask, now).refuse(now, ask, waitMs);
  }

  /** `forgotten`: clients given up for want of memory since the start. */
  stats(): { readonly clients: number; readonly bytes: number; readonly forgotten: number } {
    return { clients: this.young.size + this.old.size, bytes: this.youngBytes + this.oldBytes, forgotten: this.forgotten };
  }

  private now(): number {
    return microseconds(this.options.clock.monotonic());
  }

  private record(usage: Usage, now: number, ask: Ask): void {
    const before = usage.bytes;
    usage.add(now, ask);
    this.youngBytes += usage.bytes - before;
  }

  private usageOf({ meter, client }: Ask, now: number): Usage {
    if (now - this.turnedAt >= this.longestWindow || this.youngBytes > this.options.maxBytes / 2) this.turn(now);
    const first = this.young.get(client) ?? this.rejuvenate(client, now);
    const known = find(first, meter);
    if (known) return known;
    const usage = meter.algorithm === 'gcra' ? new Gcra(meter) : new SlidingLog(meter);
    usage.next = first;
    this.longestWindow = Math.max(this.longestWindow, meter.windowMs * 1000);
    this.youngBytes += usage.bytes;
    this.young.set(client, usage);
    return usage;
  }

  /** Brings a client of the older generation back, with what still counts. */
  private rejuvenate(client: string, now: number): Usage | undefined {
    const first = this.old.get(client);
    if (!first) return undefined;
    let kept: Usage | undefined;
    for (let usage: Usage | undefined = first; usage;) {
      const { next }: Usage = usage;
      this.oldBytes -= usage.bytes;
      if (!usage.isSpent(now)) {
        usage.next = kept;
        kept = usage;
        this.youngBytes += usage.bytes;
      }
      usage = next;
    }
    this.old.delete(client);
    if (kept) this.young.set(client, kept);
    return kept;
  }

  private turn(now: number): void {
    if (now - this.turnedAt < this.longestWindow) this.forgotten += this.old.size;
    this.old = this.young;
    this.oldBytes = this.youngBytes;
    this.young = new Map();
    this.youngBytes = 0;
    this.turnedAt = now;
  }
}

const microseconds = (ms: number): number => Math.floor(ms * 1000);

function find(first: Usage | undefined, meter: Meter): Usage | undefined {
  let usage = first;
  while (usage && usage.meter !== meter) usage = usage.next;
  return usage;
}
