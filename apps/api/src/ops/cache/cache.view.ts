import type { CacheStats, Explanation } from '@app/cache';
import type { CacheExplanation, CacheStatsView } from './cache.dto.js';

type Figures = CacheStats['types'][string];

const layerView = ({ hits, stale, misses, fills, filledBytes }: Figures['l1']) => ({
  hits,
  stale,
  misses,
  fills,
  filled_bytes: filledBytes,
});

const typeView = (type: string, figures: Figures): CacheStatsView['types'][number] => ({
  type,
  reads: figures.reads,
  hit_ratio: figures.hitRatio,
  l1: layerView(figures.l1),
  l2: layerView(figures.l2),
  entries: figures.entries,
  bytes: figures.bytes,
  evictions: figures.evictions,
  loads: figures.loads,
  load_ms: Math.round(figures.loadMs),
  load_errors: figures.loadErrors,
  waits: figures.waits,
  stale_if_error: figures.staleIfError,
  negative_hits: figures.negativeHits,
  fenced: figures.fenced,
  bypasses: figures.bypasses,
  unserialisable: figures.unserialisable,
  corrupt: figures.corrupt,
});

function sharedView(l2: NonNullable<CacheStats['l2']>): CacheStatsView['l2'] {
  const { circuit, openings, commands, errors, timeouts, refusedWhenFull, pendingInvalidations, lastError } = l2;
  return {
    circuit,
    openings,
    commands,
    errors,
    timeouts,
    refused_when_full: refusedWhenFull,
    pending_invalidations: pendingInvalidations,
    last_error: lastError === '' ? null : lastError,
  };
}

function backplaneView({ isAttached, lagMs, ...counts }: NonNullable<CacheStats['backplane']>): CacheStatsView['backplane'] {
  const { peers, received, gaps, losses, unacknowledged, sequence } = counts;
  return { is_attached: isAttached, peers, received, gaps, losses, unacknowledged, lag_ms: Math.round(lagMs), sequence };
}

export const statsView = ({ types, l1, l2, backplane, redis }: CacheStats): CacheStatsView => ({
  types: Object.entries(types).map(([type, figures]) => typeView(type, figures)),
  l1: { entries: l1.entries, bytes: l1.bytes, max_bytes: l1.maxBytes, evictions: l1.evictions },
  l2: l2 ? sharedView(l2) : null,
  backplane: backplane ? backplaneView(backplane) : null,
  redis: redis ?? null,
});

const nothing = { age_ms: null, fresh_for_ms: null, bytes: null };

function agingView(layer: Explanation['l1'] | Explanation['l2']) {
  if (!('ageMs' in layer)) return nothing;
  return { age_ms: Math.round(layer.ageMs), fresh_for_ms: Math.round(layer.freshForMs), bytes: layer.bytes };
}

export function explanationView({ key, type, l1, l2, isLoading, decision }: Explanation): CacheExplanation {
  const names = 'names' in l2 ? l2.names : [];
  return {
    key,
    type: type ?? null,
    l1: { state: l1.state, ...agingView(l1) },
    l2: {
      state: l2.state,
      ...agingView(l2),
      sequence: 'sequence' in l2 ? l2.sequence : null,
      names: names.map(({ name, removedAt, expiredAt }) => ({ name, removed_at: removedAt, expired_at: expiredAt })),
    },
    is_loading: isLoading,
    decision,
  };
}
