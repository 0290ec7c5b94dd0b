import type { CacheEngine, Shared } from '../cache.engine.js';
import { parseHeader } from '../entry/entry.js';

interface Aging {
  readonly state: 'fresh' | 'stale';
  readonly ageMs: number;
  readonly freshForMs: number;
  readonly bytes: number;
}

/** What an entry of Redis depends on, and the sequence numbers of the newest removal and expiry; null: not known any more. */
export interface NameExplained {
  readonly name: string;
  readonly removedAt: number | null;
  readonly expiredAt: number | null;
}

export interface Explanation {
  readonly key: string;
  /** The type that the key's prefix belongs to. */
  readonly type: string | undefined;
  readonly l1: Aging | { readonly state: 'absent' };
  readonly l2:
    | (Aging & { readonly sequence: number; readonly names: readonly NameExplained[] })
    | { readonly state: 'absent' | 'ended' | 'away' | 'none' };
  /** Whether somebody is loading it. */
  readonly isLoading: boolean;
  /** What a read would do now. */
  readonly decision: 'L1 hit' | 'L1 stale' | 'L2 hit' | 'L2 stale' | 'wait' | 'load';
}

/** Why a read of this key would be answered as it would. For people: looks at one thing after the other, and changes nothing. */
export async function explain(engine: CacheEngine, key: string): Promise<Explanation> {
  const type = engine.types.ofKey(key);
  const now = engine.options.clock.monotonic();
  const entry = type && engine.store.peek(type, key, now);
  const freshForMs = (entry?.freshUntil ?? 0) - now;
  const l1 = entry
    ? ({ state: freshForMs > 0 ? 'fresh' : 'stale', ageMs: now - entry.storedAt, freshForMs, bytes: entry.bytes } as const)
    : ({ state: 'absent' } as const);
  const { l2, isLoading } = await explainShared(engine.shared, key);
  return { key, type: type?.name, l1, l2, isLoading, decision: decide(l1.state, l2.state, isLoading) };
}

function decide(l1: Explanation['l1']['state'], l2: Explanation['l2']['state'], isLoading: boolean): Explanation['decision'] {
  if (l1 !== 'absent') return l1 === 'fresh' ? 'L1 hit' : 'L1 stale';
  if (l2 === 'fresh') return 'L2 hit';
  if (l2 === 'stale') return 'L2 stale';
  return isLoading ? 'wait' : 'load';
}

async function explainShared(shared: Shared | undefined, key: string): Promise<Pick<Explanation, 'l2' | 'isLoading'>> {
  if (!shared) return { l2: { state: 'none' }, isLoading: false };
  const { link, keys } = shared;
  try {
    const raw = (await link.send(['GET', keys.entry(key)])) as Buffer | null;
    const isLoading = (await link.send(['EXISTS', keys.lease(key)])) === 1;
    const header = raw && parseHeader(raw);
    if (!header) return { l2: { state: 'absent' }, isLoading };
    const incarnation = String(await link.send(['HGET', keys.clock, 'inc']));
    const usableForMs = Number(await link.send(['PTTL', keys.entry(key)]));
    const names = await Promise.all(header.names.map((name) => explainName(shared, name)));
    const isEnded = incarnation !== header.incarnation || names.some(({ removedAt }) => removedAt === null || removedAt > header.sequence);
    if (isEnded) return { l2: { state: 'ended' }, isLoading };
    const isExpired = names.some(({ expiredAt }) => (expiredAt ?? 0) > header.sequence);
    const freshForMs = isExpired ? 0 : usableForMs - header.graceMs;
    const aging = { state: freshForMs > 0 ? 'fresh' : 'stale', ageMs: header.ttlMs - freshForMs, freshForMs, bytes: raw.length } as const;
    return { l2: { ...aging, sequence: header.sequence, names }, isLoading };
  } catch {
    // Which is what there is to say.
    return { l2: { state: 'away' }, isLoading: false };
  }
}

async function explainName({ link, keys }: Shared, name: string): Promise<NameExplained> {
  const stored = (await link.send(['GET', keys.generations + name])) as Buffer | null;
  const [removedAt = null, expiredAt = null] = stored ? stored.toString().split(' ').map(Number) : [];
  return { name, removedAt, expiredAt };
}
