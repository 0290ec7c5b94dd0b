import type { CacheAccessed, ConnectionUsed, QueryFinished } from '@app/common';
import type { Fingerprint } from '../sql/fingerprints.js';
import type { MaskedParameters } from './parameter-mask.js';

/** One execution of a statement. All times in milliseconds; `at` counts from the request's start. */
export interface QueryRecord {
  readonly fingerprint: Fingerprint;
  readonly at: number;
  readonly durationMs: number;
  readonly waitMs: number;
  readonly rowCount: number;
  readonly readBytes: number;
  readonly isInTransaction: boolean;
  /** SQLSTATE, or the error's name: a message may hold values. */
  readonly errorCode: string | undefined;
  readonly parameters: MaskedParameters | undefined;
  /** A captured stack until the request is looked at, then the place in the code. */
  site: string | { readonly stack?: string } | undefined;
}

/** A piece of the request's time that has a name: the handler, a `@Profile()` method, a `timer()` block. */
export interface SpanRecord {
  readonly name: string;
  readonly at: number;
  readonly durationMs: number;
}

export interface CacheRecord extends SpanRecord {
  readonly result: string;
}

/** Of these, a request keeps its first ones; the others are counted. */
export const recordLimits = { queries: 500, spans: 200, reads: 200 };

interface Named {
  readonly name: string;
}

/** The process as it is when a request begins and when it ends. */
export interface ProcessReading {
  /** How long the event loop has been at work, in milliseconds. */
  readonly busyMs: number;
  readonly heapBytes: number;
}

/**
 * What is kept of a request while it runs. One per request that did anything worth keeping; its statements may finish in any order
 * and at once. When it is not `isFull`, there are only counts and times: no parameters and no places.
 */
export class Recording {
  readonly queries: QueryRecord[] = [];
  readonly spans: SpanRecord[] = [];
  readonly reads: CacheRecord[] = [];
  dropped = 0;
  /** Sums over all statements and reads, the dropped ones too. */
  queryCount = 0;
  queryMs = 0;
  cacheMs = 0;
  waitMs = 0;
  rowCount = 0;
  readBytes = 0;
  /** The controller and its method. Their name is made when somebody is to see it. */
  handler: { readonly owner: Named; readonly method: Named; readonly startedAt: number } | undefined;
  handledAt = 0;
  /** A statement went past the instrumented connection. */
  hasUnseenQueries = false;
  /** Somebody wants to see this request, whatever it does. */
  isWanted = false;
  /** Only when it is kept and did more than read the memory of the process, which takes less time than this. */
  before: ProcessReading | undefined;
  /** There is a stack among its statements. */
  hasStacks = false;
  private firstSighted: Fingerprint | undefined;
  private sightings: Map<Fingerprint, number> | undefined;

  constructor(
    /** Monotonic milliseconds. */
    readonly startedAt: number,
    /** Parameters and places are captured. */
    readonly isFull: boolean,
    /** One of those of its second that are kept whatever they do, and measured whole. */
    readonly isKept: boolean,
  ) {}

  /** How often the statement was issued before in this request. Counts this time. */
  sight(fingerprint: Fingerprint): number {
    if (!this.firstSighted) {
      this.firstSighted = fingerprint;
      return 0;
    }
    this.sightings ??= new Map([[this.firstSighted, 1]]);
    const seen = this.sightings.get(fingerprint) ?? 0;
    this.sightings.set(fingerprint, seen + 1);
    return seen;
  }

  addQuery(query: QueryFinished, fingerprint: Fingerprint, parameters: MaskedParameters | undefined): void {
    const { durationMs, waitMs, rowCount, readBytes, isInTransaction, error, site } = query;
    this.queryCount += 1;
    this.queryMs += durationMs;
    this.waitMs += waitMs;
    this.rowCount += rowCount;
    this.readBytes += readBytes;
    if (site) this.hasStacks = true;
    if (this.queries.length >= recordLimits.queries) {
      this.dropped += 1;
      return;
    }
    this.queries.push({
      fingerprint,
      at: query.startedAt - this.startedAt,
      durationMs,
      waitMs,
      rowCount,
      readBytes,
      isInTransaction,
      errorCode: error && codeOf(error),
      parameters,
      site,
    });
  }

  addSpan(name: string, startedAt: number, endedAt: number): void {
    if (this.spans.length >= recordLimits.spans) this.dropped += 1;
    else this.spans.push({ name, at: startedAt - this.startedAt, durationMs: endedAt - startedAt });
  }

  addRead({ type, layer, result, durationMs }: CacheAccessed, endedAt: number): void {
    this.cacheMs += durationMs;
    if (this.reads.length >= recordLimits.reads) this.dropped += 1;
    else this.reads.push({ name: type, result: `${result} of ${layer}`, at: endedAt - durationMs - this.startedAt, durationMs });
  }

  addConnection({ waitMs, queryCount, unseenBytes, error }: ConnectionUsed): void {
    if (error) this.waitMs += waitMs;
    if (queryCount === 0 && unseenBytes > 0) this.hasUnseenQueries = true;
  }
}

function codeOf(error: Error): string {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code.slice(0, 20) : error.name.slice(0, 40);
}
