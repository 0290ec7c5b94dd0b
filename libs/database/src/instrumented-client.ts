import type { ConnectionUntold } from '@app/common';
import type { Socket } from 'node:net';
import { Client, types, type ClientConfig, type CustomTypesConfig } from 'pg';
import { bindContext } from './bind-context.js';
import { isTold, issue, publishFinished, type Callback, type Result } from './statement.js';
import { isStream, observeStream } from './streams.js';

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

/** A driver connection that tells `queryFinished` of each statement, in the context of whoever issued it. */
export class InstrumentedClient extends Client {
  /** The server has ended this connection, though the socket may not know yet: it must not go back to the pool. */
  isBroken = false;

  /** The wait is told with the first statement only. */
  private untoldWaitMs = 0;
  private queryCount = 0;
  /** `bytesRead` as the last statement, or the owner before, left it. */
  private accountedBytes = 0;
  private plan: string | undefined;

  constructor(config?: string | ClientConfig) {
    super({ ...(typeof config === 'string' ? { connectionString: config } : config), types: numberTypes });
    this.connection.on('errorMessage', ({ severity }: { severity?: string }) => (this.isBroken ||= severity === 'FATAL'));
    // Without a listener, a server that goes away while nobody waits for an answer would end this process.
    this.on('error', () => (this.isBroken = true));
  }

  /** A new owner has the connection. */
  take(waitMs: number): void {
    this.untoldWaitMs = waitMs;
    this.queryCount = 0;
    this.accountedBytes = this.bytesRead;
  }

  /** What the present owner has made of it, when no statement tells that. */
  untold(): ConnectionUntold | undefined {
    if (this.queryCount > 0) return undefined;
    return { waitMs: this.untoldWaitMs, unseenBytes: this.bytesRead - this.accountedBytes, error: undefined };
  }

  /** Goes with the statement that runs. */
  attachPlan(plan: string): void {
    this.plan = plan;
  }

  private get bytesRead(): number {
    return (this.connection.stream as Partial<Socket>).bytesRead ?? 0;
  }

  // The driver's overloads take a text, a configuration or a stream, with a callback or a promise: all of them pass here.
  override query(...parameters: unknown[]): never {
    const submit = super.query.bind(this) as unknown as (...parameters: unknown[]) => unknown;
    const [statement] = parameters;
    const last = parameters.at(-1);
    const finish = isTold() ? this.measure(parameters) : undefined;
    if (isStream(statement)) {
      if (finish) observeStream(statement, finish);
      return submit(...parameters) as never;
    }
    if (typeof last !== 'function') return observe(submit(...parameters), finish) as never;
    const callback = last as Callback;
    const bound = bindContext<Parameters<Callback>>((error, result) => {
      finish?.(error, result);
      callback(error, result);
    });
    return submit(...parameters.slice(0, -1), bound) as never;
  }

  private measure([statement, values]: unknown[]): Callback {
    // oxlint-disable-next-line typescript/unbound-method -- only its identity is used: frames above it are the issuer's
    const issued = issue(statement, values, this.query);
    issued.startedAt = performance.now();
    issued.waitMs = this.untoldWaitMs;
    issued.isInTransaction = (this.getTransactionStatus() ?? 'I') !== 'I';
    this.untoldWaitMs = 0;
    this.queryCount += 1;
    return (error, result) => {
      const { bytesRead } = this;
      issued.readBytes = bytesRead - this.accountedBytes;
      issued.plan = this.plan;
      this.accountedBytes = bytesRead;
      this.plan = undefined;
      publishFinished(issued, error, result);
    };
  }
}

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
