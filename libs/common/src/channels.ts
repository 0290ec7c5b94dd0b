import { channel } from 'node:diagnostics_channel';
import type { RequestContext } from './request-context.js';

/**
 * A typed channel of facts, published once by whoever knows them. Publishing costs two branches while nobody listens. Listeners
 * run synchronously in the publisher's asynchronous context; an error of theirs is swallowed and counted in `listenerErrors`,
 * since the outcome of a request never depends on who watches it. Listeners from outside are told after them, over Node's channel
 * `techmart:<name>`; an error of one of those ends the process, as Node has it.
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
  // Never changed, but replaced: whoever stops listening while a fact is told does not move the others.
  let listeners: readonly { readonly hear: (fact: T) => void }[] = [];
  return {
    name,
    get hasListeners() {
      return listeners.length > 0 || inner.hasSubscribers;
    },
    publish(fact) {
      for (const { hear } of listeners) {
        try {
          hear(fact);
        } catch {
          failed += 1;
        }
      }
      if (inner.hasSubscribers) inner.publish(fact);
    },
    subscribe(listener) {
      const own = { hear: listener };
      listeners = [...listeners, own];
      return () => {
        listeners = listeners.filter((other) => other !== own);
      };
    },
  };
}

/**
 * A statement has been issued. Published where that happened, before any wait for a connection, so that a listener sees the
 * issuer's stack and asynchronous context.
 */
export interface QueryStarted {
  /** SQL with its placeholders. */
  readonly text: string;
  /** By reference: a listener may count or hash them, and keep them no longer than the request; it never writes or sends them. */
  readonly parameters: readonly unknown[];
  /** That issued it; undefined outside requests. */
  readonly request: RequestContext | undefined;
  /** Set by a listener that wants the place in the code back with `QueryFinished`: about 10 µs, so only on purpose. */
  needsSite: boolean;
}

/**
 * One statement has been answered by PostgreSQL, or failed. Published in the context of the request that issued it, with the
 * object that its start was told with.
 */
export interface QueryFinished extends Omit<QueryStarted, 'needsSite'> {
  /** Monotonic milliseconds of the hand-over to the connection. */
  readonly startedAt: number;
  /** From hand-over to the connection to the last row, in milliseconds. */
  readonly durationMs: number;
  /** Time that the caller waited for a connection, in milliseconds; 0 inside a transaction. */
  readonly waitMs: number;
  readonly rowCount: number;
  /** The rows, under the same rule as the parameters; undefined for streams and texts of several statements. */
  readonly rows: readonly unknown[] | undefined;
  /** What the server sent, in bytes of its protocol. */
  readonly readBytes: number;
  /** Whether a transaction was open when it was issued. */
  readonly isInTransaction: boolean;
  /** The plan of this very execution as `auto_explain` gives it (JSON, with values in it), when the server sent one. */
  readonly plan: string | undefined;
  /** Carries the stack of the issuer, formatted when it is read; only when a listener asked for it. */
  readonly site: { readonly stack?: string } | undefined;
  readonly error: Error | undefined;
}

/**
 * A connection of which no statement is told: there was none in time (`error`), or it went back to its pool and whatever its owner did
 * with it went past the instrumentation. Published in the context of who asked for it.
 */
export interface ConnectionUntold {
  /** Time until there was a connection, or until giving up, in milliseconds. */
  readonly waitMs: number;
  /** Bytes that the server sent meanwhile. */
  readonly unseenBytes: number;
  readonly error: Error | undefined;
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

/** A profiler found something to mend. Published for every occurrence, when the request has been looked at. */
export interface FindingMade {
  /** `n-plus-one`, `slow-query` and the like. */
  readonly kind: string;
  /** Method and template of the route; `background` outside requests. */
  readonly endpoint: string;
}

/** Another server is about to be called. */
export interface CallStarted {
  /** Scheme, host and port. */
  readonly origin: string;
  /** Those of the call; a listener may add its own. */
  readonly headers: Record<string, string>;
}

/** It has answered, or not (`statusCode` undefined). `headers` is the same object as at the start. */
export interface CallFinished {
  readonly headers: Record<string, string>;
  readonly statusCode: number | undefined;
}

/** One HTTP answer has left, whatever its status. Published in the context of its request. */
export interface RequestFinished {
  readonly request: RequestContext | undefined;
  readonly method: string;
  /** The route's template (`/products/:id`), or `unmatched`: never the raw path. */
  readonly route: string;
  readonly statusCode: number;
  readonly durationMs: number;
  readonly responseBytes: number;
}

/** The limiter has decided about one request. Published in the request's context, before the answer. */
export interface LimitChecked {
  /** `GET /products/:id`: the method and the route's template, or `unmatched`. Never a raw path. */
  readonly policy: string;
  /**
   * `exempt`: not limited; `limited`: its client has used up the quota; `shed`: the process is at its capacity; `denied`: its address is
   * on the deny list.
   */
  readonly result: 'allowed' | 'exempt' | 'limited' | 'shed' | 'denied';
  /** Refused in shadow mode: counted, and let through all the same. */
  readonly isShadowed: boolean;
  readonly loadLevel: 'low' | 'medium' | 'high' | 'critical';
}

export const queryStarted = defineChannel<QueryStarted>('query-started');
export const queryFinished = defineChannel<QueryFinished>('query-finished');
export const connectionUntold = defineChannel<ConnectionUntold>('connection-untold');
export const cacheAccessed = defineChannel<CacheAccessed>('cache-accessed');
export const findingMade = defineChannel<FindingMade>('finding-made');
export const callStarted = defineChannel<CallStarted>('call-started');
export const callFinished = defineChannel<CallFinished>('call-finished');
export const requestFinished = defineChannel<RequestFinished>('request-finished');
export const limitChecked = defineChannel<LimitChecked>('limit-checked');
