import type { CacheAccessed, ConnectionUntold, QueryFinished } from '@app/common';
import type { Fingerprint, Fingerprints } from '../sql/fingerprints.js';
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

/** Makes the records of statements. */
export interface QueryWriter {
  write(query: QueryFinished, recording: Recording): QueryRecord;
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
  /** Sums over all statements and reads, the dropped ones too; the wait and the rows of those that are written down. */
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
  /** The first statement, while it is not written down: most requests end with it, and nobody ever looks at them. */
  private first: QueryFinished | undefined;
  private firstSighted: string | undefined;
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
  sight(text: string, fingerprints: Fingerprints): number {
    if (this.firstSighted === undefined) {
      this.firstSighted = text;
      return 0;
    }
    const fingerprint = fingerprints.of(text);
    this.sightings ??= new Map([[fingerprints.of(this.firstSighted), 1]]);
    const seen = this.sightings.get(fingerprint) ?? 0;
    this.sightings.set(fingerprint, seen + 1);
    return seen;
  }

  /** Its record, if it was written down at once. */
  addQuery(query: QueryFinished, writer: QueryWriter): QueryRecord | undefined {
    this.queryCount += 1;
    this.queryMs += query.durationMs;
    this.readBytes += query.readBytes;
    if (query.site) this.hasStacks = true;
    if (this.queryCount === 1 && !this.isKept) {
      this.first = query;
      return undefined;
    }
    this.settle(writer);
    return this.write(query, writer);
  }

  /** Writes down what is left to be, before anybody looks. */
  settle(writer: QueryWriter): void {
    const { first } = this;
    this.first = undefined;
    if (first) this.write(first, writer);
  }

  private write(query: QueryFinished, writer: QueryWriter): QueryRecord | undefined {
    this.waitMs += query.waitMs;
    this.rowCount += query.rowCount;
    if (this.queries.length >= recordLimits.queries) {
      this.dropped += 1;
      return undefined;
    }
    const record = writer.write(query, this);
    this.queries.push(record);
    return record;
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

  addConnection({ waitMs, unseenBytes, error }: ConnectionUntold): void {
    if (error) this.waitMs += waitMs;
    if (unseenBytes > 0) this.hasUnseenQueries = true;
  }
}
