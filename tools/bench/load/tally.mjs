import { percentile } from '../figures/statistics.mjs';

/** What came of the requests of one route: how many of each status (0: no answer), and how long the accepted ones took. */
class RouteTally {
  statuses = new Map();
  hits = 0;
  misses = 0;
  #latencies = [];

  add(status, latencyMs, isHit) {
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
    if (isHit !== undefined) this[isHit ? 'hits' : 'misses'] += 1;
    if (status > 0 && status < 400) this.#latencies.push(latencyMs);
  }

  latencies() {
    return this.#latencies;
  }
}

/** Raw samples, route by route. An answer of 429 or 503 was refused on purpose and is no error; its time is not counted either. */
export class Tally {
  #routes = new Map();

  /** `isHit`: whether a cache answered, as far as the answer says. */
  add(route, status, latencyMs, isHit) {
    let tally = this.#routes.get(route);
    if (!tally) this.#routes.set(route, (tally = new RouteTally()));
    tally.add(status, latencyMs, isHit);
  }

  summary() {
    const tallies = [...this.#routes.values()];
    const sum = (read) => tallies.reduce((total, tally) => total + read(tally), 0);
    const statuses = new Map();
    for (const tally of tallies) for (const [status, count] of tally.statuses) statuses.set(status, (statuses.get(status) ?? 0) + count);
    const all = {
      statuses,
      hits: sum(({ hits }) => hits),
      misses: sum(({ misses }) => misses),
      latencies: () => tallies.flatMap((tally) => tally.latencies()),
    };
    return { all: summarise(all), routes: Object.fromEntries([...this.#routes].map(([route, tally]) => [route, summarise(tally)])) };
  }
}

function summarise(tally) {
  const sorted = Float64Array.from(tally.latencies()).sort();
  const count = (isCounted) => [...tally.statuses].reduce((sum, [status, of]) => sum + (isCounted(status) ? of : 0), 0);
  return {
    requests: count(() => true),
    accepted: sorted.length,
    limited: count((status) => status === 429),
    shed: count((status) => status === 503),
    conflicts: count((status) => status === 409),
    errors: count((status) => status === 0 || (status >= 400 && ![409, 429, 503].includes(status))),
    statuses: Object.fromEntries(tally.statuses),
    hitRatio: tally.hits / (tally.hits + tally.misses),
    meanMs: sorted.reduce((sum, latency) => sum + latency, 0) / sorted.length,
    p50Ms: percentile(sorted, 0.5),
    p95Ms: percentile(sorted, 0.95),
    p99Ms: percentile(sorted, 0.99),
    maxMs: percentile(sorted, 1),
  };
}
