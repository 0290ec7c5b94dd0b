import { queryFinished } from '@app/common';
import { AsyncResource } from 'node:async_hooks';
import { Client, DatabaseError, types, type ClientConfig, type CustomTypesConfig } from 'pg';

/** The oids of `int8` and `numeric`. */
const asNumber = new Set<number>([20, 1700]);

/**
 * Whole 64-bit numbers and decimals as JavaScript numbers, for this connection only: every id is below 2^53, and money is
 * `numeric(10,2)`, which a double keeps exactly. Sums are the database's work.
 */
const numberTypes: CustomTypesConfig = {
  getTypeParser: (oid, format) => (asNumber.has(oid) ? Number : types.getTypeParser(oid, format)),
};

type Callback = (error: Error | null, result?: { rowCount?: number | null }) => void;

const textOf = (statement: unknown): string =>
  typeof statement === 'string' ? statement : ((statement as { text?: string } | null)?.text ?? '');

/** A driver connection that tells `queryFinished` of each statement, in the context of whoever issued it. */
export class InstrumentedClient extends Client {
  /** How long the present owner waited for this connection; told with its first statement. */
  waitMs = 0;

  /** The server has ended this connection, though the socket may not know yet: it must not go back to the pool. */
  isBroken = false;

  constructor(config?: string | ClientConfig) {
    super({ ...(typeof config === 'string' ? { connectionString: config } : config), types: numberTypes });
  }

  // The driver's overloads take a text, a configuration or a stream, with a callback or a promise: all of them pass here.
  override query(...parameters: unknown[]): never {
    const submit = super.query.bind(this) as unknown as (...parameters: unknown[]) => unknown;
    const [statement, values] = parameters;
    if (isStream(statement)) return submit(...parameters) as never;
    const finish = this.measure(textOf(statement), Array.isArray(values) ? values.length : 0);
    const last = parameters.at(-1);
    if (typeof last !== 'function') return observe(submit(...parameters), finish) as never;
    const callback = last as Callback;
    const bound = AsyncResource.bind((error: Error | null, result?: { rowCount?: number | null }) => {
      finish(error, result);
      callback(error, result);
    });
    return submit(...parameters.slice(0, -1), bound) as never;
  }

  private measure(text: string, parameterCount: number): Callback {
    const startedAt = performance.now();
    const waitMs = this.waitMs;
    this.waitMs = 0;
    return (error, result) => {
      if (error instanceof DatabaseError && error.severity === 'FATAL') this.isBroken = true;
      queryFinished.publish({
        text,
        parameterCount,
        durationMs: performance.now() - startedAt,
        waitMs,
        rowCount: result?.rowCount ?? 0,
        ...(error ? { error } : {}),
      });
    };
  }
}

const isStream = (statement: unknown): boolean =>
  typeof statement === 'object' && statement !== null && 'submit' in statement && typeof statement.submit === 'function';

function observe(answer: unknown, finish: Callback): unknown {
  if (!(answer instanceof Promise)) return answer;
  return answer.then(
    (result: { rowCount?: number | null }) => {
      finish(null, result);
      return result;
    },
    (error: Error) => {
      finish(error);
      throw error;
    },
  );
}
