import { cacheAccessed, type CacheAccessed, type Clock } from '@app/common';
import type { CacheType } from '../cache-types.js';
import { foundIn, type MemoryEntry } from '../stores/memory.store.js';
import type { Found } from '../entry/entry.js';
import type { FrontStore } from '../stores/store.js';
import type { Answer } from './answer.js';
import { answerOf, isNearItsEnd, type Loading, type Request } from './loading.js';

/** What is known of a value that went past a cache which is switched off. */
const passed = {
  layer: 'loader',
  result: 'bypass',
  ageMs: 0,
  freshForMs: 0,
  loadMs: 0,
  isStored: false,
  isBecauseOfError: false,
} as const;

/** Every read of the cache: first this process, then the rest. Counts it, and tells `cacheAccessed`. */
export class Access {
  readonly clock: Clock;
  private readonly isEnabled: boolean;

  constructor(
    private readonly store: FrontStore,
    private readonly loading: Loading,
    { clock, isEnabled }: { readonly clock: Clock; readonly isEnabled: boolean },
  ) {
    this.clock = clock;
    this.isEnabled = isEnabled;
  }

  /**
   * An entry of L1 that may be answered, fresh or stale. Costs one look-up and no promise. When `isDue` says so,
   * the caller owes it a `refresh`.
   */
  peek(type: CacheType, key: string, now: number): MemoryEntry | undefined {
    const entry = this.isEnabled ? this.store.peek(type, key, now) : undefined;
    if (entry === undefined) return undefined;
    if (now < entry.freshUntil) this.hit(entry, key);
    else {
      type.stats.l1.stale += 1;
      publishL1(type, key, 'stale');
    }
    return entry;
  }

  /** Counts and tells an answer with a fresh entry of L1 that was not had by `peek`. */
  hit({ type, value }: MemoryEntry, key: string): void {
    if (value === undefined) type.stats.negativeHits += 1;
    else type.stats.l1.hits += 1;
    publishL1(type, key, value === undefined ? 'negative' : 'hit');
  }

  /** Whether an entry should be loaded again in the background. */
  isDue(entry: MemoryEntry, now: number): boolean {
    if (now >= entry.freshUntil) return true;
    return entry.type.strategy === 'refresh-ahead' && isNearItsEnd({ freshForMs: entry.freshUntil - now, ttlMs: entry.ttlMs });
  }

  refresh(request: Request, entry: MemoryEntry, now: number): void {
    this.loading.refresh(request, now < entry.freshUntil);
  }

  /** Rejects with the loader's error. */
  async ask(request: Request): Promise<Answer> {
    const { type, key } = request.address;
    const now = this.clock.monotonic();
    const entry = this.peek(type, key, now);
    if (!entry) return this.fetch(request);
    if (this.isDue(entry, now)) this.refresh(request, entry, now);
    return answerOf(foundIn(entry, now));
  }

  /** A read that does not load. */
  countRead(type: CacheType, found: Found | undefined): void {
    if (found) return count(type, answerOf(found));
    type.stats.l1.misses += 1;
    if (!type.isLocal) type.stats.l2.misses += 1;
  }

  /** The same for an entry that L1 does not have. */
  async fetch(request: Request): Promise<Answer> {
    if (!this.isEnabled) return { ...passed, value: await request.load(false) };
    const { type, key } = request.address;
    const startedAt = this.clock.monotonic();
    try {
      const answer = await this.loading.fetch(request);
      count(type, answer);
      if (cacheAccessed.hasListeners) {
        const { layer, result, loadMs } = answer;
        cacheAccessed.publish({ type: type.name, key, layer, result, durationMs: this.clock.monotonic() - startedAt, loadMs });
      }
      return answer;
    } catch (error) {
      const durationMs = this.clock.monotonic() - startedAt;
      cacheAccessed.publish({ type: type.name, key, layer: 'loader', result: 'error', durationMs, loadMs: durationMs });
      throw error;
    }
  }
}

function publishL1(type: CacheType, key: string, result: CacheAccessed['result']): void {
  if (cacheAccessed.hasListeners) cacheAccessed.publish({ type: type.name, key, layer: 'L1', result, durationMs: 0, loadMs: 0 });
}

function count({ stats }: CacheType, { layer, result }: Answer): void {
  if (layer === 'loader') return;
  const counts = layer === 'L1' ? stats.l1 : stats.l2;
  if (layer === 'L2') stats.l1.misses += 1;
  if (result === 'negative') stats.negativeHits += 1;
  else if (result === 'stale') counts.stale += 1;
  else counts.hits += 1;
}
