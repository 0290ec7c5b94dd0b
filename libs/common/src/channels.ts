import { channel } from 'node:diagnostics_channel';

/**
 * A typed channel of facts, published once by whoever knows them. Publishing costs one branch while nobody listens. Listeners
 * run synchronously in the publisher's asynchronous context; an error of theirs is swallowed and counted in `listenerErrors`,
 * since the outcome of a request never depends on who watches it (Node alone would end the process).
 */
export interface Channel<T> {
  readonly name: string;
  readonly hasListeners: boolean;
  publish(fact: T): void;
  /** Returns the function that stops listening. */
  subscribe(listener: (fact: T) => void): () => void;
}

let failed = 0;

/** How many listeners have thrown since the process started. */
export const listenerErrors = (): number => failed;

export function defineChannel<T>(name: string): Channel<T> {
  const inner = channel(`techmart:${name}`);
  return {
    name,
    get hasListeners() {
      return inner.hasSubscribers;
    },
    publish(fact) {
      if (inner.hasSubscribers) inner.publish(fact);
    },
    subscribe(listener) {
      const guarded = (fact: unknown): void => {
        try {
          listener(fact as T);
        } catch {
          failed += 1;
        }
      };
      inner.subscribe(guarded);
      return () => {
        inner.unsubscribe(guarded);
      };
    },
  };
}

/** One statement has been answered by PostgreSQL, or failed. Published in the context of the request that issued it. */
export interface QueryFinished {
  /** SQL with its placeholders; never the parameters. */
  readonly text: string;
  readonly parameterCount: number;
  /** From hand-over to the connection to the last row, in milliseconds. */
  readonly durationMs: number;
  /** Time that the caller waited for a connection, in milliseconds; 0 inside a transaction. */
  readonly waitMs: number;
  readonly rowCount: number;
  readonly error?: Error;
}

/** One HTTP answer has left, whatever its status. */
export interface RequestFinished {
  readonly method: string;
  /** The route's template (`/products/:id`), or `unmatched`: never the raw path. */
  readonly route: string;
  readonly statusCode: number;
  readonly durationMs: number;
  readonly responseBytes: number;
}

/** A cache has answered a read. Published in the context of whoever asked. */
export interface CacheAccessed {
  /** A name of the application's table of cache types: bounded. */
  readonly type: string;
  /** Not bounded: for a trace of one request, never for a metric. */
  readonly key: string;
  /** Who had the answer: the memory of the process, the shared store, or the loader behind both. */
  readonly layer: 'L1' | 'L2' | 'loader';
  /**
   * `negative`: the cache knows that there is none. `wait`: another caller loaded it. `bypass`: it was loaded and could not be kept.
   * `error`: loading failed, and there was no old value to answer.
   */
  readonly result: 'hit' | 'stale' | 'negative' | 'miss' | 'wait' | 'bypass' | 'error';
  /** What the caller waited for, in milliseconds, the load included; 0 for an answer from the memory of the process. */
  readonly durationMs: number;
  /** The caller's own load, in milliseconds; 0 when it did not load. */
  readonly loadMs: number;
}

export const cacheAccessed = defineChannel<CacheAccessed>('cache-accessed');
export const queryFinished = defineChannel<QueryFinished>('query-finished');
export const requestFinished = defineChannel<RequestFinished>('request-finished');
