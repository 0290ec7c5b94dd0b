/** Counts of one layer. */
export interface LayerStats {
  hits: number;
  stale: number;
  misses: number;
  /** Values stored, and their size as the layer counts it. */
  fills: number;
  filledBytes: number;
}

/** Counts of one type since the process started. */
export interface TypeStats {
  readonly l1: LayerStats;
  readonly l2: LayerStats;
  /** Reads that joined another's load, in this process or in another one. */
  waits: number;
  loads: number;
  loadMs: number;
  loadErrors: number;
  /** Old values answered because loading failed. */
  staleIfError: number;
  /** Answers "there is none" from the cache. */
  negativeHits: number;
  /** Values not kept because an invalidation came while they were loaded. */
  fenced: number;
  /** Values that could not be encoded, and entries of Redis that could not be decoded. */
  unserialisable: number;
  corrupt: number;
  /** Loads whose value could not be kept: not trusted, or not cacheable. */
  bypasses: number;
  evictions: number;
  /** What L1 holds now, and its size as estimated. */
  entries: number;
  bytes: number;
}

const newLayerStats = (): LayerStats => ({ hits: 0, stale: 0, misses: 0, fills: 0, filledBytes: 0 });

export const newTypeStats = (): TypeStats => ({
  l1: newLayerStats(),
  l2: newLayerStats(),
  waits: 0,
  loads: 0,
  loadMs: 0,
  loadErrors: 0,
  staleIfError: 0,
  negativeHits: 0,
  fenced: 0,
  unserialisable: 0,
  corrupt: 0,
  bypasses: 0,
  evictions: 0,
  entries: 0,
  bytes: 0,
});
