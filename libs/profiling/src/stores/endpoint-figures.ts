import type { RequestProfile } from '../capture/request-profile.js';
import { bucketOf, DurationHistogram } from './duration-histogram.js';

/** Endpoints beyond these are counted as one; templates are few, so this is a guard against an application that makes them up. */
const mostEndpoints = 1000;

/** What is counted of a request. */
export interface Outcome {
  readonly endpoint: string;
  readonly durationMs: number;
  readonly statusCode: number;
  readonly queryCount: number;
  readonly queryMs: number;
}

/** All requests to one endpoint since the process began, sampled or not. Times in milliseconds. */
export class EndpointFigures {
  readonly durations = new DurationHistogram();
  /** The present window, for comparison with the baseline. */
  readonly window = new DurationHistogram();
  failed = 0;
  queryCount = 0;
  queryMs = 0;
  mostQueries = 0;
  /** Over requests that were captured in full. */
  captured = 0;
  heapGrowthBytes = 0;
  cpuMs = 0;

  constructor(readonly endpoint: string) {}

  count({ durationMs, statusCode, queryCount, queryMs }: Outcome): void {
    const bucket = bucketOf(durationMs);
    this.durations.record(durationMs, bucket);
    this.window.record(durationMs, bucket);
    if (statusCode >= 500) this.failed += 1;
    this.queryCount += queryCount;
    this.queryMs += queryMs;
    if (queryCount > this.mostQueries) this.mostQueries = queryCount;
  }

  countProcess({ process }: RequestProfile): void {
    if (!process) return;
    this.captured += 1;
    this.cpuMs += process.cpuMs;
    // Growth is what a request asks of the heap; a collection in between tells nothing about it.
    this.heapGrowthBytes += Math.max(0, process.heapGrowthBytes);
  }
}

export class Endpoints {
  private readonly byName = new Map<string, EndpointFigures>();

  of(endpoint: string): EndpointFigures {
    const known = this.byName.get(endpoint);
    if (known) return known;
    const name = this.byName.size < mostEndpoints ? endpoint : 'other';
    const figures = this.byName.get(name) ?? new EndpointFigures(name);
    this.byName.set(name, figures);
    return figures;
  }

  all(): EndpointFigures[] {
    return [...this.byName.values()];
  }
}
