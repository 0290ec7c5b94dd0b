import type { Clock } from '@app/common';
import { keyName, type Generations, type Watched } from '../coherence/generations.js';
import type { Address } from '../entry/entry.js';

interface Flight<T> {
  readonly promise: Promise<T>;
  readonly watched: Watched;
  readonly startedAt: number;
  /** What ends it is known only when its value is: any invalidation may. */
  readonly isOpenEnded: boolean;
}

/**
 * Of any number of concurrent callers of a key, one works and the others share what it gets, failure included. A caller that comes after
 * an invalidation does not join work that began before it, since that may have seen the old state; nor work that has hung for `joinMs`.
 */
export class SingleFlight<T> {
  private readonly flights = new Map<string, Flight<T>>();

  constructor(
    private readonly generations: Generations,
    private readonly clock: Clock,
    private readonly joinMs: number,
    /** False: any work is joined, however old: see `CacheOptions.isFenced`. */
    private readonly isFenced: boolean,
  ) {}

  get size(): number {
    return this.flights.size;
  }

  /** The work that a caller may join now. */
  find(key: string): Promise<T> | undefined {
    const flight = this.flights.get(key);
    if (!flight || (this.isFenced && !this.mayBeJoined(flight))) return undefined;
    return this.clock.monotonic() - flight.startedAt < this.joinMs ? flight.promise : undefined;
  }

  /** Starts work of one's own; later callers find it until it ends. */
  start({ key, names, namesOf }: Address, work: () => Promise<T>): Promise<T> {
    const watched = this.generations.watch([...names, keyName(key)]);
    const promise = work().finally(() => {
      this.generations.release(watched);
      if (this.flights.get(key) === flight) this.flights.delete(key);
    });
    const flight: Flight<T> = { promise, watched, startedAt: this.clock.monotonic(), isOpenEnded: namesOf !== undefined };
    this.flights.set(key, flight);
    return promise;
  }

  private mayBeJoined({ watched, isOpenEnded }: Flight<T>): boolean {
    return isOpenEnded ? this.generations.stamp === watched.since : this.generations.standing(watched) === 'current';
  }
}
