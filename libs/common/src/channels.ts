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

export const queryFinished = defineChannel<QueryFinished>('query-finished');
export const requestFinished = defineChannel<RequestFinished>('request-finished');
