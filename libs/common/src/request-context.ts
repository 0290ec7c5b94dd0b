import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * What is known of the request that the current asynchronous work belongs to. Ids and tallies only: a request's data is
 * passed as arguments, never through here. One object per request; listeners on its path add to the tallies.
 */
export interface RequestContext {
  readonly requestId: string;
  /** Monotonic milliseconds at which the request began. */
  readonly startedAt: number;
  /** Method and template (`GET /products/:id`), or `GET unmatched`: never the raw path. */
  readonly endpoint: string;
  userId?: number;
  /** Of the trace that the request belongs to: the caller's, or one that began here; undefined where nobody traces. */
  traceId?: string;
  queryCount: number;
  queryMs: number;
  cacheMs: number;
  /** Monotonic milliseconds at which the answer was ready to be sent, serialised; 0 until then. */
  answeredAt: number;
  /** Its body before compression, in bytes or, where nobody counted, in characters; 0 where it is not known. */
  bodyBytes: number;
  /** What a profiler keeps while the request runs; nobody else looks at it. */
  recording?: object | undefined;
}

const storage = new AsyncLocalStorage<RequestContext>();

/** The context of the current request; undefined in background work. Costs one AsyncLocalStorage read. */
export const currentRequest = (): RequestContext | undefined => storage.getStore();

/** Runs `fn` and everything it starts inside `context`. */
export const runInRequest = <T>(context: RequestContext, fn: () => T): T => storage.run(context, fn);

/** Runs `fn` outside of any request: what it starts belongs to none. */
export const runDetached = <T>(fn: () => T): T => storage.run(undefined as unknown as RequestContext, fn);

export function newRequestContext(requestId: string, startedAt: number, endpoint = 'GET unmatched'): RequestContext {
  return { requestId, startedAt, endpoint, queryCount: 0, queryMs: 0, cacheMs: 0, answeredAt: 0, bodyBytes: 0, recording: undefined };
}
