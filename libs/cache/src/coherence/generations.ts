/** `remove`: never answered again. `expire`: may be answered, as stale, within its grace while it is loaded again. */
export type Verb = 'remove' | 'expire';

/** What has happened to a name, as the stamp of the event; 0: nothing since it is watched. */
interface Watch {
  readonly name: string;
  removedAt: number;
  expiredAt: number;
  holders: number;
}

/** A moment and the names watched since then. */
export interface Watched {
  readonly since: number;
  readonly watches: readonly Watch[];
}

/** Names that are remembered after they were touched, though nobody watches them. */
const rememberedAtMost = 1000;

export type Standing = 'current' | 'expired' | 'removed';

/**
 * Which names have been invalidated, as this process knows: by its own calls and by what the backplane tells. Stamps count events;
 * they are no clock. Whoever reads or loads something watches its names first and asks afterwards whether the result may be kept: every
 * invalidation in between is seen. A name is remembered while someone watches it, so memory is bounded by what L1 holds; and the newest
 * thousand that were touched, for those who learn only from the value what they should have watched.
 */
export class Generations {
  private now = 1;
  private floor = 0;
  private readonly watches = new Map<string, Watch>();
  private readonly touched = new Map<string, number>();
  private forgottenAt = 0;

  /** Stamp of the newest event. While it stays the same, nothing has changed for anyone. */
  get stamp(): number {
    return this.now;
  }

  /** Names that someone watches. */
  get size(): number {
    return this.watches.size;
  }

  watch(names: readonly string[]): Watched {
    return { since: this.now, watches: names.map((name) => this.hold(name)) };
  }

  /** The same names, as of the same moment, for one more holder. */
  share({ since, watches }: Watched): Watched {
    for (const watch of watches) watch.holders += 1;
    return { since, watches };
  }

  release({ watches }: Watched): void {
    for (const watch of watches) {
      watch.holders -= 1;
      if (watch.holders === 0) this.watches.delete(watch.name);
    }
  }

  standing({ since, watches }: Watched): Standing {
    if (since < this.floor) return 'removed';
    let isExpired = false;
    for (const watch of watches) {
      if (watch.removedAt > since) return 'removed';
      if (watch.expiredAt > since) isExpired = true;
    }
    return isExpired ? 'expired' : 'current';
  }

  /** Whether nothing has happened to these names since then. False as well when that is not remembered any more. */
  isUntouched(names: readonly string[], since: number): boolean {
    if (names.length === 0) return true;
    if (since < this.floor || since < this.forgottenAt) return false;
    return names.every((name) => (this.touched.get(name) ?? 0) <= since);
  }

  /** The same moment with further names. `isUntouched` has told that they may be added. */
  extend({ since, watches }: Watched, names: readonly string[]): Watched {
    return { since, watches: [...watches, ...names.map((name) => this.hold(name))] };
  }

  touch(names: readonly string[], verb: Verb): void {
    this.now += 1;
    for (const name of names) {
      this.remember(name);
      const watch = this.watches.get(name);
      if (!watch) continue;
      if (verb === 'remove') watch.removedAt = this.now;
      else watch.expiredAt = this.now;
    }
  }

  /** Everything may have changed: nothing that was read or loaded before now may be kept. */
  touchAll(): void {
    this.now += 1;
    this.floor = this.now;
  }

  private remember(name: string): void {
    this.touched.delete(name);
    this.touched.set(name, this.now);
    if (this.touched.size <= rememberedAtMost) return;
    const [[oldest, stamp] = ['', 0]] = this.touched;
    this.touched.delete(oldest);
    this.forgottenAt = stamp;
  }

  private hold(name: string): Watch {
    let watch = this.watches.get(name);
    if (!watch) {
      watch = { name, removedAt: 0, expiredAt: 0, holders: 0 };
      this.watches.set(name, watch);
    }
    watch.holders += 1;
    return watch;
  }
}

/** The name under which a key's own invalidations are watched, in this process only. */
export const keyName = (key: string): string => `k:${key}`;
