/** Counts of one layer. */
export class LayerStats {
  hits = 0;
  stale = 0;
  misses = 0;
  /** Values stored, and their size as the layer counts it. */
  fills = 0;
  filledBytes = 0;
}

/** Counts of one type since the process started. */
export class TypeStats {
  readonly l1 = new LayerStats();
  readonly l2 = new LayerStats();
  /** Reads that joined another's load, in this process or in another one. */
  waits = 0;
  loads = 0;
  loadMs = 0;
  loadErrors = 0;
  /** Old values answered because loading failed. */
  staleIfError = 0;
  /** Answers "there is none" from the cache. */
  negativeHits = 0;
  /** Values not kept because an invalidation came while they were loaded. */
  fenced = 0;
  /** Values that could not be encoded, and entries of Redis that could not be decoded. */
  unserialisable = 0;
  corrupt = 0;
  /** Reads that went to the loader without asking: not trusted, or not cacheable. */
  bypasses = 0;
  evictions = 0;
}
