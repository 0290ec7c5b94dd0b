import type { Clock } from '@app/common';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Generations } from '../coherence/generations.js';
import { draftOf, type Address, type Found } from '../entry/entry.js';
import { foundIn } from '../stores/memory.store.js';
import type { FrontStore, Lease } from '../stores/store.js';
import { Unkept, type Answer, type Loader } from './answer.js';
import { SingleFlight } from './single-flight.js';

export interface LoadingOptions {
  readonly store: FrontStore;
  readonly generations: Generations;
  readonly clock: Clock;
  /** From 0 to 1, for jitter. */
  readonly random: () => number;
  /** Longest wait for another replica that loads the same key, in milliseconds; then it is loaded here as well, and not kept. */
  readonly waitMs: number;
  /** With an old value at hand nobody waits longer than this for the store behind L1, in milliseconds. */
  readonly softMs: number;
  /** After this long, in milliseconds, a load is not joined any more and may not be kept. */
  readonly leaseMs: number;
  /** Pause after a failed load in the background, in milliseconds. */
  readonly retryMs: number;
  readonly isFenced: boolean;
}

/** What to load, and how. */
export interface Request {
  readonly address: Address;
  readonly load: Loader;
  /** Milliseconds for which a value stays fresh, before jitter. */
  readonly ttlMs: number | ((value: unknown) => number);
}

const loaded = { layer: 'loader', ageMs: 0, isBecauseOfError: false } as const;
const jitter = 0.1;
/** Share of its time after which an entry of a `refresh-ahead` type is loaded again, if somebody asks for it. */
const refreshAfter = 0.8;
const pollMs = { first: 5, longest: 50 };

/** Fetches what L1 could not answer: from the store behind it, from whoever is loading it, or by loading it. */
export class Loading {
  private readonly flights: SingleFlight<Answer>;
  private readonly refreshing = new Set<string>();

  constructor(private readonly options: LoadingOptions) {
    const { generations, clock, leaseMs, isFenced } = options;
    this.flights = new SingleFlight(generations, clock, leaseMs, isFenced);
  }

  /** Joins the work on this key, or starts it. Rejects with the loader's error when there is no old value to answer instead. */
  async fetch(request: Request): Promise<Answer> {
    const { type, key } = request.address;
    const running = this.flights.find(key);
    if (!running) return this.flights.start(request.address, () => this.lead(request));
    type.stats.waits += 1;
    return waited(await running);
  }

  /** Loads an entry again in the background, once at a time: because it is stale, or because it soon will be. Never rejects. */
  refresh(request: Request, isEarly: boolean): void {
    const { key, type } = request.address;
    const now = this.options.clock.monotonic();
    const entry = this.options.store.leftover(type, key, now);
    if (this.refreshing.has(key) || (entry && now < entry.retryAt)) return;
    this.refreshing.add(key);
    void this.refreshNow(request, isEarly).finally(() => this.refreshing.delete(key));
  }

  private async refreshNow(request: Request, isEarly: boolean): Promise<void> {
    const { store } = this.options;
    const { found, lease } = await store.read(request.address, isEarly ? 'refresh' : 'lease');
    if (!lease) return;
    // Another replica came first: L1 has by now what that one has loaded.
    if (isEarly && found && !isNearItsEnd(found)) return store.release(lease);
    await this.loadBehind(request, lease);
  }

  /** For somebody who has been given an old value. Never rejects: that value stays, and the next try waits a little. */
  private async loadBehind(request: Request, lease: Lease): Promise<void> {
    const { clock, store, retryMs } = this.options;
    const { type, key } = request.address;
    try {
      await this.load(request, lease, true);
    } catch {
      // Counted where it failed.
      const now = clock.monotonic();
      const old = store.leftover(type, key, now);
      if (old) old.retryAt = now + retryMs;
    }
  }

  private async lead(request: Request): Promise<Answer> {
    const reading = this.options.store.read(request.address, 'lease');
    const old = request.address.type.isStrict ? undefined : this.leftover(request.address);
    const first = old ? await Promise.race([reading, this.softLimit()]) : await reading;
    if (!first && old) {
      void reading.then(({ lease }) => lease && this.loadBehind(request, lease));
      return { ...answerOf(old), result: 'stale' };
    }
    const { found, lease, isLoading } = first ?? (await reading);
    if (found) {
      if (lease) void this.loadBehind(request, lease);
      return answerOf(found);
    }
    this.countMiss(request.address);
    if (isLoading) return this.waitForOther(request);
    return this.loadOrFallBack(request, lease);
  }

  private softLimit(): Promise<undefined> {
    return sleep(this.options.softMs, undefined, { ref: false });
  }

  /** Another replica loads it. It may fail or die, so this asks again and again, and takes over when the lease is free. */
  private async waitForOther(request: Request): Promise<Answer> {
    const { clock, waitMs, store } = this.options;
    request.address.type.stats.waits += 1;
    const until = clock.monotonic() + waitMs;
    for (let pauseMs = pollMs.first; clock.monotonic() < until; pauseMs = Math.min(pauseMs * 2, pollMs.longest)) {
      await sleep(pauseMs);
      const { found, lease, isLoading } = await store.read(request.address, 'lease');
      if (found && lease) await store.release(lease);
      if (found) return waited(answerOf(found), true);
      if (!isLoading) return this.loadOrFallBack(request, lease);
    }
    return this.loadOrFallBack(request, undefined);
  }

  private async loadOrFallBack(request: Request, lease: Lease | undefined): Promise<Answer> {
    try {
      return await this.load(request, lease, false);
    } catch (error) {
      const old = this.leftover(request.address);
      if (!old) throw error;
      request.address.type.stats.staleIfError += 1;
      return { ...answerOf(old), result: 'stale', isBecauseOfError: true };
    }
  }

  private async load({ address, load, ttlMs }: Request, lease: Lease | undefined, isBackground: boolean): Promise<Answer> {
    const { clock, store, random } = this.options;
    const { stats } = address.type;
    const startedAt = clock.monotonic();
    try {
      const value = await load(isBackground);
      const loadMs = clock.monotonic() - startedAt;
      const freshForMs = (typeof ttlMs === 'number' ? ttlMs : ttlMs(value)) * (1 - jitter * random());
      const draft = this.draft(address, value, freshForMs);
      const mayStore = lease?.mayStore === true && draft !== undefined;
      const isStored = lease !== undefined && draft !== undefined && (await store.fill(lease, draft));
      if (lease && !draft) await store.release(lease);
      if (mayStore && !isStored) stats.fenced += 1;
      if (!mayStore) stats.bypasses += 1;
      stats.loads += 1;
      stats.loadMs += loadMs;
      const result = mayStore ? 'miss' : 'bypass';
      return { ...loaded, value: draft ? draft.value : value, result, freshForMs, loadMs, isStored };
    } catch (error) {
      stats.loadErrors += 1;
      if (lease) await store.release(lease);
      throw error;
    }
  }

  private draft(address: Address, value: unknown, ttlMs: number) {
    if (value instanceof Unkept) return undefined;
    try {
      return draftOf(address, value, ttlMs);
    } catch {
      // It has no encoding: the caller gets it as it is, and it is not kept.
      address.type.stats.unserialisable += 1;
      return undefined;
    }
  }

  private leftover({ type, key }: Address): Found | undefined {
    const now = this.options.clock.monotonic();
    const entry = this.options.store.leftover(type, key, now);
    return entry && foundIn(entry, now);
  }

  private countMiss({ type }: Address): void {
    type.stats.l1.misses += 1;
    if (!type.isLocal) type.stats.l2.misses += 1;
  }
}

export const isNearItsEnd = ({ freshForMs, ttlMs }: Pick<Found, 'freshForMs' | 'ttlMs'>): boolean =>
  freshForMs < ttlMs * (1 - refreshAfter);

export function answerOf({ value, layer, ageMs, freshForMs }: Found): Answer {
  const result = freshForMs <= 0 ? 'stale' : value === undefined ? 'negative' : 'hit';
  return { value, layer, result, ageMs, freshForMs, loadMs: 0, isStored: false, isBecauseOfError: false };
}

/** What is loaded by one is a wait for the others; a hit is one for all. */
const waited = (answer: Answer, isOther = answer.layer === 'loader'): Answer =>
  isOther ? { ...answer, result: 'wait', loadMs: 0 } : answer;
