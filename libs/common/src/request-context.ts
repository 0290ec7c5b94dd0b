import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * What is known of the request that the current asynchronous work belongs to. Ids and tallies only: a request's data is
 * passed as arguments, never through here. One object per request; listeners on its path add to the tallies.
 */
export interface RequestContext {
  readonly requestId: string;
  /** Monotonic milliseconds at which the request began. */
  readonly startedAt: number;
  userId?: number;
  queryCount: number;
  queryMs: number;
  cacheMs: number;
}

const storage = new AsyncLocalStorage<RequestContext>();

/** The context of the current request; undefined in background work. Costs one AsyncLocalStorage read. */
export const currentRequest = (): RequestContext | undefined => storage.getStore();

/** Runs `fn` and everything it starts inside `context`. */
export const runInRequest = <T>(context: RequestContext, fn: () => T): T => storage.run(context, fn);

export function newRequestContext(requestId: string, startedAt: number): RequestContext {
  return { requestId, startedAt, queryCount: 0, queryMs: 0, cacheMs: 0 };
}
