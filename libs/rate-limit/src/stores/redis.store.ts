import { scripts, type Script } from './scripts.js';
import type { Algorithm, Ask, Decision, LimitStore, Meter } from './store.js';

/** Some hundreds of microseconds of Redis' time. */
const defaultBatchSize = 64;

/**
 * The part of node-redis's client that is used. A cluster's needs an adapter that routes by the key, which is the fourth argument, and
 * `redisBatchSize: 1`.
 */
export interface RedisCommands {
  sendCommand(args: readonly string[]): Promise<unknown>;
}

/** Runs a script by its digest, and by its text on a server that has not seen it, as after a restart. */
export async function runScript(redis: RedisCommands, script: Script, args: readonly string[]): Promise<unknown> {
  try {
    return await redis.sendCommand(['EVALSHA', script.sha, ...args]);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
    return redis.sendCommand(['EVAL', script.text, ...args]);
  }
}

interface Prepared {
  readonly batch: Batch;
  readonly prefix: string;
  readonly window: string;
}

/** What is asked together of one script. */
interface Batch {
  readonly script: Script;
  calls: Call[];
}

interface Call {
  readonly key: string;
  readonly window: string;
  readonly limit: number;
  readonly cost: number;
  readonly resolve: (decision: Decision) => void;
  readonly reject: (error: unknown) => void;
}

export interface RedisStoreOptions {
  readonly prefix?: string;
  /** The most decisions in one script call, which Redis does nothing else beside. 1 for a cluster, whose keys lie on several servers. */
  readonly batchSize?: number;
  /** Microseconds since the epoch instead of the server's time; for tests. */
  readonly clockUs?: () => number;
}

/**
 * Limits that replicas share: one key a decision, and one script and one round trip for all that arrive in the same turn of the event loop,
 * since a busy server would otherwise pay more for asking than for all else about a cached answer. Each is decided in its turn, as if it had been
 * asked alone. Throws what the client throws; `SharedStore` deals with that. Keys are `<prefix>:<meter>:<client>` and expire with the window.
 */
export class RedisStore implements LimitStore {
  private readonly prepared = new Map<Meter, Prepared>();
  private readonly batches: Readonly<Record<Algorithm, Batch>> = {
    'sliding-log': { script: scripts['sliding-log'], calls: [] },
    gcra: { script: scripts.gcra, calls: [] },
  };

  constructor(
    private readonly redis: RedisCommands,
    private readonly options: RedisStoreOptions = {},
  ) {}

  /** Gives the server its scripts, so that a burst does not begin with as many refusals to run what it has not seen. */
  async prepare(): Promise<void> {
    for (const { text } of Object.values(scripts)) await this.redis.sendCommand(['SCRIPT', 'LOAD', text]);
  }

  take({ meter, client, limit, cost }: Ask): Promise<Decision> {
    const { batch, prefix, window } = this.prepared.get(meter) ?? this.describe(meter);
    return new Promise((resolve, reject) => {
      if (batch.calls.length === 0) setImmediate(() => this.send(batch));
      batch.calls.push({ key: prefix + client, window, limit, cost, resolve, reject });
    });
  }

  private send(batch: Batch): void {
    const { calls } = batch;
    batch.calls = [];
    const size = this.options.batchSize ?? defaultBatchSize;
    if (calls.length <= size) return void this.decide(batch.script, calls);
    for (let start = 0; start < calls.length; start += size) void this.decide(batch.script, calls.slice(start, start + size));
  }

  /** Never rejects: each of the calls learns of it. */
  private async decide(script: Script, calls: readonly Call[]): Promise<void> {
    const args = [String(calls.length)];
    for (const { key } of calls) args.push(key);
    args.push(this.options.clockUs ? String(this.options.clockUs()) : '');
    for (const { window, limit, cost } of calls) args.push(window, String(limit), String(cost));
    try {
      const answers = (await runScript(this.redis, script, args)) as number[];
      calls.forEach(({ resolve }, index) => resolve(decisionAt(answers, 3 * index)));
    } catch (error) {
      for (const { reject } of calls) reject(error);
    }
  }

  private describe(meter: Meter): Prepared {
    const prefix = `${this.options.prefix ?? 'rl'}:${meter.name}:`;
    const prepared = { batch: this.batches[meter.algorithm], prefix, window: String(meter.windowMs * 1000) };
    this.prepared.set(meter, prepared);
    return prepared;
  }
}

const decisionAt = (answers: readonly number[], at: number): Decision => ({
  isAllowed: answers[at] === 1,
  remaining: answers[at + 1] ?? 0,
  waitMs: answers[at + 2] ?? 0,
});
