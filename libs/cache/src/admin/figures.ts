import type { CacheEngine } from '../cache.engine.js';
import type { CircuitState } from '../redis/circuit-breaker.js';
import type { RedisFigures } from './redis-figures.js';
import type { TypeStats } from './type-stats.js';

/** Counts of a type since the process started, and the share of its reads that a layer answered. */
export type TypeFigures = Readonly<TypeStats> & { readonly reads: number; readonly hitRatio: number };

export interface SharedFigures {
  readonly circuit: CircuitState;
  /** How often the circuit has opened. */
  readonly openings: number;
  readonly commands: number;
  readonly errors: number;
  readonly timeouts: number;
  /** Values not stored since memory was full. */
  readonly refusedWhenFull: number;
  /** Keys and names that Redis has still to be told about. */
  readonly pendingInvalidations: number;
  readonly lastError: string;
}

export interface BackplaneFigures {
  readonly isAttached: boolean;
  readonly received: number;
  readonly gaps: number;
  readonly losses: number;
  /** From sending to hearing one's own sign of life, in milliseconds. */
  readonly lagMs: number;
  readonly sequence: number;
  /** Other processes that listen. */
  readonly peers: number;
  /** Removals that not every replica had applied in time. */
  readonly unacknowledged: number;
}

export interface CacheFigures {
  readonly types: Readonly<Record<string, TypeFigures>>;
  readonly l1: { readonly entries: number; readonly bytes: number; readonly maxBytes: number; readonly evictions: number };
  /** Undefined without Redis. */
  readonly l2: SharedFigures | undefined;
  readonly backplane: BackplaneFigures | undefined;
}

export interface CacheStats extends CacheFigures {
  /** Undefined without Redis, and while it does not answer. */
  readonly redis: RedisFigures | undefined;
}

function typeFigures(stats: TypeStats): TypeFigures {
  const answered = stats.l1.hits + stats.l1.stale + stats.l2.hits + stats.l2.stale + stats.negativeHits;
  const reads = answered + stats.waits + stats.loads + stats.loadErrors;
  return { ...stats, l1: { ...stats.l1 }, l2: { ...stats.l2 }, reads, hitRatio: reads === 0 ? 0 : answered / reads };
}

/** Asks nobody: for every scrape. */
export function figuresOf({ types, memory, options, shared }: CacheEngine): CacheFigures {
  const all = types.all();
  const evictions = all.reduce((sum, { stats }) => sum + stats.evictions, 0);
  return {
    types: Object.fromEntries(all.map(({ name, stats }) => [name, typeFigures(stats)])),
    l1: { entries: memory.size, bytes: memory.bytes, maxBytes: options.maxBytes, evictions },
    l2: shared && {
      circuit: shared.breaker.state,
      openings: shared.breaker.openings,
      pendingInvalidations: shared.pending.size,
      ...shared.link.stats,
    },
    backplane: shared?.backplane.figures,
  };
}
