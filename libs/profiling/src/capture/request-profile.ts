import type { RequestContext, RequestFinished } from '@app/common';
import { siteOf } from './call-site.js';
import type { CacheRecord, ProcessReading, QueryRecord, Recording, SpanRecord } from './recording.js';
import type { RuntimeWatch } from './runtime-watch.js';

/** Why a request is kept. `wanted`: the application asked for it. */
export type KeptBecause = 'sampled' | 'slow' | 'failed' | 'wanted';

/** The process while a request ran: others that ran beside it are in these figures. */
export interface ProcessFigures {
  /** Time in which the event loop was at work: the main thread's CPU time, unless it had to wait for a core. */
  readonly cpuMs: number;
  /** Negative when garbage was collected meanwhile. */
  readonly heapGrowthBytes: number;
  readonly gcMs: number;
  readonly loopDelayMs: number;
}

/** One request as it is kept and shown. Times in milliseconds; `at` counts from the request's start. */
export interface RequestProfile {
  readonly requestId: string;
  /** `GET /products/:id`. */
  readonly endpoint: string;
  readonly statusCode: number;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** From the first middleware until the answer had left. */
  readonly durationMs: number;
  readonly because: readonly KeptBecause[];
  /** Whether parameters and places were captured; process figures of fifty requests a second, too. */
  readonly isFull: boolean;
  /** From the interceptor until the handler's value was there; guards, pipes and sending are outside. */
  readonly handler: SpanRecord | undefined;
  /** From the handler's value until the answer was ready to be sent. */
  readonly serialiseMs: number | undefined;
  readonly queryCount: number;
  readonly queryMs: number;
  readonly cacheMs: number;
  readonly waitMs: number;
  readonly rowCount: number;
  readonly readBytes: number;
  readonly bodyBytes: number;
  readonly process: ProcessFigures | undefined;
  readonly queries: readonly QueryRecord[];
  readonly spans: readonly SpanRecord[];
  readonly reads: readonly CacheRecord[];
  /** Statements, spans and reads beyond what one request may keep. */
  readonly dropped: number;
}

/** A request that has ended and has not been looked at yet. */
export interface Ended {
  readonly context: RequestContext;
  readonly recording: Recording;
  readonly fact: RequestFinished;
  readonly because: readonly KeptBecause[];
  /** Kept whatever is found in it. */
  readonly isKept: boolean;
  /** Milliseconds since the epoch. */
  readonly endedAt: number;
  readonly after: ProcessReading | undefined;
}

/** Places that were captured as stacks become text, and are remembered with their statement. */
function resolveSites({ queries }: Recording, endpoint: string): void {
  for (const query of queries) {
    if (typeof query.site === 'object') {
      query.site = siteOf(query.site);
      query.fingerprint.setSite(endpoint, query.site);
    }
  }
}

function processFigures({ recording, after, fact }: Ended, watch: RuntimeWatch): ProcessFigures | undefined {
  const { before, startedAt } = recording;
  if (!before || !after) return undefined;
  return {
    cpuMs: after.busyMs - before.busyMs,
    heapGrowthBytes: after.heapBytes - before.heapBytes,
    gcMs: watch.gcMs(startedAt, startedAt + fact.durationMs),
    loopDelayMs: watch.loopDelayMs(startedAt, startedAt + fact.durationMs),
  };
}

export function profileOf(ended: Ended, watch: RuntimeWatch): RequestProfile {
  const { context, recording, fact, because, endedAt } = ended;
  const { requestId, endpoint, startedAt, answeredAt, bodyBytes } = context;
  const { isFull, handler, handledAt, queries, spans, reads, dropped } = recording;
  const { queryCount, queryMs, cacheMs, waitMs, rowCount, readBytes } = recording;
  resolveSites(recording, endpoint);
  const handlerEnd = handledAt || answeredAt;
  return {
    requestId,
    endpoint,
    statusCode: fact.statusCode,
    startedAt: endedAt - fact.durationMs,
    durationMs: fact.durationMs,
    because,
    isFull,
    handler: handler && {
      name: `${handler.owner.name}.${handler.method.name}`,
      at: handler.startedAt - startedAt,
      durationMs: Math.max(0, handlerEnd - handler.startedAt),
    },
    serialiseMs: handledAt > 0 && answeredAt > handledAt ? answeredAt - handledAt : undefined,
    queryCount,
    queryMs,
    cacheMs,
    waitMs,
    rowCount,
    readBytes,
    bodyBytes,
    process: processFigures(ended, watch),
    queries,
    spans,
    reads,
    dropped,
  };
}

/** Bytes accounted for a profile: measured on V8 with a margin, since objects have no size of their own. */
export function profileBytes({ requestId, queries, spans, reads }: RequestProfile): number {
  const parameters = queries.reduce((sum, query) => sum + (query.parameters?.packed.length ?? 0), 0);
  const sites = queries.reduce((sum, query) => sum + (typeof query.site === 'string' ? query.site.length : 0), 0);
  const names = [...spans, ...reads].reduce((sum, span) => sum + span.name.length, 0);
  return 1000 + requestId.length + 250 * queries.length + 16 * parameters + sites + 120 * (spans.length + reads.length) + names;
}
