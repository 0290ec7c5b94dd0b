import { Cache } from '@app/cache';
import { addCounter } from '@app/monitoring';
import { Injectable } from '@nestjs/common';
import { addGauge, addGaugeBy } from './gauges.js';

const circuitStates = ['closed', 'open', 'settling'] as const;

/** What the cache holds, and how it stands with Redis. Its reads are counted by `libs/monitoring`. */
@Injectable()
export class CacheStateMetrics {
  constructor(cache: Cache) {
    const figures = () => cache.figures();
    addGauge('cache_l1_entries', 'Entries in the memory of the process', () => figures().l1.entries);
    addGauge('cache_l1_bytes', 'Their size', () => figures().l1.bytes);
    addGauge('cache_l1_max_bytes', 'What their size may be', () => figures().l1.maxBytes);
    const evictions = addCounter('cache_l1_evictions_total', 'Entries that made room for others', { labelNames: [] }, () => {
      evictions.inc(figures().l1.evictions);
    });
    addGaugeBy('state', 'cache_circuit', 'The circuit between the cache and Redis: 1 for the state that it is in', () => {
      const { l2 } = figures();
      return l2 ? circuitStates.map((state) => [state, Number(l2.circuit === state)]) : [];
    });
    addGauge('cache_backplane_attached', 'Whether invalidations of other replicas are heard: 1 or 0', () => {
      const { backplane } = figures();
      return backplane && Number(backplane.isAttached);
    });
    addGauge('cache_backplane_lag_seconds', 'Time that a message takes through Redis', () => {
      const { backplane } = figures();
      return backplane && backplane.lagMs / 1000;
    });
    addGauge(
      'cache_pending_invalidations',
      'Invalidations that Redis has still to be told about',
      () => figures().l2?.pendingInvalidations,
    );
  }
}
