import { scripts, type Script } from './scripts.js';
import type { Ask, Decision, LimitStore, Meter } from './store.js';

/** The part of node-redis's client that is used. A cluster's needs an adapter that routes by the key, which is the fourth argument. */
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
  readonly script: Script;
  readonly prefix: string;
  readonly window: string;
}

/**
 * Limits that replicas share: one script, one round trip, one key a decision, so a cluster needs no hash tag. Throws what the client
 * throws; `SharedStore` deals with that. Keys are `<prefix>:<meter>:<client>` and expire with the window.
 */
export class RedisStore implements LimitStore {
  private readonly prepared = new Map<Meter, Prepared>();

  constructor(
    private readonly redis: RedisCommands,
    private readonly prefix = 'rl',
    /** Microseconds since the epoch instead of the server's time; for tests. */
    private readonly clockUs?: () => number,
  ) {}

  /** Gives the server its scripts, so that a burst does not begin with as many refusals to run what it has not seen. */
  async prepare(): Promise<void> {
    for (const { text } of Object.values(scripts)) await this.redis.sendCommand(['SCRIPT', 'LOAD', text]);
  }

  async take({ meter, client, limit, cost }: Ask): Promise<Decision> {
    const { script, prefix, window } = this.prepared.get(meter) ?? this.describe(meter);
    const args = ['1', prefix + client, window, String(limit), String(cost)];
    if (this.clockUs) args.push(String(this.clockUs()));
    const [isAllowed, remaining, waitMs] = (await runScript(this.redis, script, args)) as [number, number, number];
    return { isAllowed: isAllowed === 1, remaining, waitMs };
  }

  private describe(meter: Meter): Prepared {
    const prefix = `${this.prefix}:${meter.name}:`;
    const prepared = { script: scripts[meter.algorithm], prefix, window: String(meter.windowMs * 1000) };
    this.prepared.set(meter, prepared);
    return prepared;
  }
}
