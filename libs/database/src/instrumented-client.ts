import { queryFinished } from '@app/common';
import { Client, types, type ClientConfig, type CustomTypesConfig } from 'pg';
import { bindContext } from './bind-context.js';

/** The oids of `int8` and `numeric`, and of arrays of them. */
const numbers = new Set<number>([20, 1700]);
const arraysOfNumbers = new Set<number>([1016, 1231]);

type Parser = (value: string) => unknown;

/**
 * Whole 64-bit numbers and decimals as JavaScript numbers, for this connection only: every id is below 2^53, and money is
 * `numeric(10,2)`, which a double keeps exactly. Sums are the database's work.
 */
const numberTypes: CustomTypesConfig = {
  getTypeParser: (oid, format) => {
    const parse = types.getTypeParser(oid, format) as Parser;
    if (numbers.has(oid)) return format === 'binary' ? (value: string) => Number(parse(value)) : Number;
    return arraysOfNumbers.has(oid) ? (value: string) => asNumbers(parse(value)) : parse;
  },
};

function asNumbers(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asNumbers);
  return value === null ? null : Number(value);
}

type Rows = { rowCount?: number | null };
type Result = Rows | Rows[] | undefined;
type Callback = (error: Error | null, result?: Result) => void;

interface Statement {
  readonly text?: string;
  readonly values?: unknown;
}

/** A driver connection that tells `queryFinished` of each statement, in the context of whoever issued it. */
export class InstrumentedClient extends Client {
  /** How long the present owner waited for this connection; told with its first statement. */
  waitMs = 0;

  /** The server has ended this connection, though the socket may not know yet: it must not go back to the pool. */
  isBroken = false;

  constructor(config?: string | ClientConfig) {
    super({ ...(typeof config === 'string' ? { connectionString: config } : config), types: numberTypes });
    this.connection.on('errorMessage', ({ severity }: { severity?: string }) => (this.isBroken ||= severity === 'FATAL'));
    // Without a listener, a server that goes away while nobody waits for an answer would end this process.
    this.on('error', () => (this.isBroken = true));
  }

  // The driver's overloads take a text, a configuration or a stream, with a callback or a promise: all of them pass here.
  override query(...parameters: unknown[]): never {
    const submit = super.query.bind(this) as unknown as (...parameters: unknown[]) => unknown;
    const last = parameters.at(-1);
    if (isStream(parameters[0])) return submit(...parameters) as never;
    const finish = queryFinished.hasListeners ? this.measure(parameters) : undefined;
    if (typeof last !== 'function') return observe(submit(...parameters), finish) as never;
    const callback = last as Callback;
    const bound = bindContext<Parameters<Callback>>((error, result) => {
      finish?.(error, result);
      callback(error, result);
    });
    return submit(...parameters.slice(0, -1), bound) as never;
  }

  private measure([statement, values]: unknown[]): Callback {
    const startedAt = performance.now();
    const { waitMs } = this;
    this.waitMs = 0;
    const { text = '', values: own }: Statement = typeof statement === 'string' ? { text: statement } : (statement ?? {});
    const given = Array.isArray(values) ? values : own;
    return (error, result) => {
      queryFinished.publish({
        text,
        parameterCount: Array.isArray(given) ? given.length : 0,
        durationMs: performance.now() - startedAt,
        waitMs,
        rowCount: rowsOf(result),
        ...(error ? { error } : {}),
      });
    };
  }
}

/** A text of several statements has several results. */
function rowsOf(result: Result): number {
  if (Array.isArray(result)) return result.reduce((sum, { rowCount }) => sum + (rowCount ?? 0), 0);
  return result?.rowCount ?? 0;
}

const isStream = (statement: unknown): boolean =>
  typeof statement === 'object' && statement !== null && 'submit' in statement && typeof statement.submit === 'function';

function observe(answer: unknown, finish: Callback | undefined): unknown {
  if (!finish || !(answer instanceof Promise)) return answer;
  return answer.then(
    (result: Result) => {
      finish(null, result);
      return result;
    },
    (error: Error) => {
      finish(error);
      throw error;
    },
  );
}
