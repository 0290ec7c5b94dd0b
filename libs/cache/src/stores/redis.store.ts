import { randomUUID } from 'node:crypto';
import { decodeEntry, describeDraft, parseHeader, type Address, type Draft, type Found } from '../entry/entry.js';
import { RedisFull, RedisUnavailable } from '../redis/redis-client.js';
import type { RedisKeys } from '../redis/redis-keys.js';
import type { ScriptRunner } from '../redis/redis-link.js';
import {
  aliveScript,
  fillScript,
  invalidateScript,
  putScript,
  readScript,
  releaseScript,
  unfencedFillScript,
  type Script,
} from '../redis/scripts.js';
import type { Invalidation, Lease, Reading, Store, Want, Written } from './store.js';

export interface RedisStoreOptions {
  readonly link: ScriptRunner;
  readonly keys: RedisKeys;
  /** How long a lease stands at most, in milliseconds. What takes longer to load is not kept. */
  readonly leaseMs: number;
  /** How long a generation is kept after its last use, in milliseconds. An entry that outlives one of its own is loaded again. */
  readonly generationMs: number;
  /** Starts the incarnation of an empty server. */
  readonly begin: () => Promise<void>;
  /** Who tells the others. */
  readonly origin: string;
  /** See `CacheOptions.isFenced`. */
  readonly isFenced: boolean;
}

type Remote = NonNullable<Lease['remote']>;
type ReadReply = [state: number, raw: Buffer, freshMs: number, usableMs: number, incarnation: Buffer, sequence: number, lease: number];

const wants: Record<Want, string> = { value: '0', lease: '1', refresh: '2', reserve: '3' };
const corrupt = 3;
const noClock = 4;
const unwatched = { since: 0, watches: [] };

/**
 * The store that all replicas share. Each call is one script and one round trip; it rejects with `RedisUnavailable` or `RedisFull`.
 * Nothing here looks at a clock of this machine: how old an entry is follows from what Redis says is left of it.
 */
export class RedisStore implements Store {
  constructor(private readonly options: RedisStoreOptions) {}

  async read(address: Address, want: Want, isRetry = false): Promise<Reading> {
    const { keys, leaseMs, generationMs } = this.options;
    const { type, names } = address;
    const token = want === 'value' ? '' : randomUUID();
    const args = [keys.generations, type.format, names.join(','), token, `${leaseMs}`, `${generationMs}`, wants[want]];
    const reply = await this.withClock(readScript, this.keysOf(address.key), args, (answer) => (answer as ReadReply)[0] === noClock);
    const [state, raw, freshForMs, usableForMs, inc, sequence, lease] = reply as ReadReply;
    if (state === corrupt) type.stats.corrupt += 1;
    const found = raw.length === 0 ? undefined : decode(address, raw, { freshForMs, usableForMs });
    if (raw.length > 0 && !found) {
      await this.invalidate({ verb: 'remove', keys: [address.key], names: [] });
      return isRetry ? { found, lease: undefined, isLoading: false } : this.read(address, want, true);
    }
    const incarnation = inc.toString('latin1');
    const remote = { text: `${incarnation} ${sequence} ${token}`, incarnation, sequence };
    return { found, lease: lease === 1 ? { address, remote, watched: unwatched, mayStore: true } : undefined, isLoading: lease === 2 };
  }

  async fill({ address, remote }: Lease, draft: Draft): Promise<boolean> {
    if (!remote) return false;
    const { link, keys, generationMs, isFenced } = this.options;
    const names = draft.names.join(',');
    const header = `${address.type.format} ${remote.incarnation} ${remote.sequence} ${describeDraft(draft)}\n`;
    const state = [keys.generations, names, remote.text, remote.incarnation, `${remote.sequence}`];
    const args = [...state, header, draft.payload, lifeOf(draft), `${generationMs}`];
    try {
      const reply = await link.run(isFenced ? fillScript : unfencedFillScript, this.keysOf(address.key), args);
      if (reply === 1) countFill(address, draft);
      return reply === 1;
    } catch (error) {
      if (error instanceof RedisFull) await this.giveBack(address.key, remote);
      throw error;
    }
  }

  async release({ address, remote }: Lease): Promise<void> {
    if (remote) await this.giveBack(address.key, remote);
  }

  async put(address: Address, draft: Draft, lease?: Lease): Promise<Written> {
    const { keys, generationMs } = this.options;
    const entry = [address.type.format, describeDraft(draft), draft.payload, lifeOf(draft)];
    const message = this.message({ verb: 'remove', keys: [address.key], names: [] });
    const state = [keys.generations, draft.names.join(','), lease?.remote?.text ?? ''];
    const args = [...state, ...entry, `${generationMs}`, keys.channel, message];
    const reply = await this.withClock(putScript, this.keysOf(address.key), args, (answer) => (answer as number[])[0] === 0);
    const [event = 0, stored] = reply as number[];
    if (stored === 1) countFill(address, draft);
    return { isStored: stored === 1, event };
  }

  async invalidate(invalidation: Invalidation): Promise<number> {
    const { keys, generationMs } = this.options;
    const { names, verb } = invalidation;
    const args = [keys.generations, names.join(','), verb.slice(0, 1), `${generationMs}`, keys.channel, this.message(invalidation)];
    const touched = [keys.clock, ...invalidation.keys.flatMap((key) => [keys.entry(key), keys.lease(key)])];
    return (await this.withClock(invalidateScript, touched, args, (answer) => answer === 0)) as number;
  }

  async keys(glob: string, limit: number): Promise<string[]> {
    const { link, keys } = this.options;
    const found = new Set<string>();
    let cursor = '0';
    do {
      const reply = await link.send(['SCAN', cursor, 'MATCH', keys.anyOf(glob), 'COUNT', '500']);
      const [next, page] = reply as [Buffer, Buffer[]];
      const names = [...new Set(page.map((key) => keys.keyOfEntry(key.toString())))];
      const alive = (await link.run(aliveScript, [keys.clock, ...names.map(keys.entry)], [keys.generations])) as number[];
      for (const [index, key] of names.entries()) if (alive[index] === 1 && found.size < limit) found.add(key);
      cursor = next.toString('latin1');
    } while (cursor !== '0' && found.size < limit);
    return [...found];
  }

  private message({ verb, keys, names }: Invalidation): string {
    return JSON.stringify({ o: this.options.origin, v: verb, k: keys, n: names });
  }

  private keysOf(key: string): string[] {
    const { keys } = this.options;
    return [keys.clock, keys.entry(key), keys.lease(key)];
  }

  private async giveBack(key: string, remote: Remote): Promise<void> {
    await this.options.link.run(releaseScript, [this.options.keys.lease(key)], [remote.text]);
  }

  /** Runs a script, and once more after an empty server has been given a clock. */
  // oxlint-disable-next-line max-params -- a script, what it is given, and how to tell that it could not run
  private async withClock(
    script: Script,
    keys: readonly string[],
    args: readonly (string | Buffer)[],
    hasNoClock: (reply: unknown) => boolean,
  ): Promise<unknown> {
    let reply = await this.options.link.run(script, keys, args);
    if (!hasNoClock(reply)) return reply;
    await this.options.begin();
    reply = await this.options.link.run(script, keys, args);
    if (hasNoClock(reply)) throw new RedisUnavailable('it forgets what it has just been told');
    return reply;
  }
}

const lifeOf = (draft: Draft): string => `${Math.max(1, Math.round(draft.ttlMs + draft.graceMs))}`;

function countFill({ type }: Address, draft: Draft): void {
  type.stats.l2.fills += 1;
  type.stats.l2.filledBytes += draft.payload.length;
}

/** Undefined when it is not what the codec wrote: damaged, or of other code under the same version. */
function decode(address: Address, raw: Buffer, times: Pick<Found, 'freshForMs' | 'usableForMs'>): Found | undefined {
  try {
    const { value, bytes } = decodeEntry(raw, address.codec);
    const { ttlMs = 0, names = [] } = parseHeader(raw) ?? {};
    return { layer: 'L2', names, value, bytes, ttlMs, ageMs: ttlMs - times.freshForMs, ...times };
  } catch {
    // It is removed and loaded again.
    address.type.stats.corrupt += 1;
    return undefined;
  }
}
