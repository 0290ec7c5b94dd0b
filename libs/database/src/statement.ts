import { connectionUntold, currentRequest, queryFinished, queryStarted, type QueryFinished } from '@app/common';

type Rows = { rowCount?: number | null; rows?: unknown[] };
export type Result = Rows | Rows[] | undefined;
export type Callback = (error: Error | null, result?: Result) => void;

/** A statement from its issue on: one object, which is filled in when it has finished. */
export type Issued = { -readonly [Fact in keyof QueryFinished]: QueryFinished[Fact] } & { needsSite: boolean };

/** Carries a statement that the pool has told already, past the wait for a connection. */
const issuedKey = Symbol('techmart:issued');

interface StatementConfig {
  readonly text?: string;
  readonly values?: unknown;
  readonly [issuedKey]?: Issued;
}

/** How deep a place is looked for: the ORM's own frames come first. V8's default of 10 may end among them. */
const siteDepth = 25;

export const isTold = (): boolean => queryFinished.hasListeners || queryStarted.hasListeners || connectionUntold.hasListeners;

/** What the driver is given, in any of its forms, as one statement; `above` is the function that its caller called. */
export function issue(statement: unknown, values: unknown, above: (...parameters: never[]) => unknown): Issued {
  const config: StatementConfig = typeof statement === 'string' ? { text: statement } : (statement ?? {});
  const told = config[issuedKey];
  if (told) return told;
  const parameters: unknown = Array.isArray(values) ? values : config.values;
  const issued: Issued = {
    text: config.text ?? '',
    parameters: Array.isArray(parameters) ? parameters : [],
    request: currentRequest(),
    needsSite: false,
    site: undefined,
    startedAt: 0,
    durationMs: 0,
    waitMs: 0,
    rowCount: 0,
    rows: undefined,
    readBytes: 0,
    isInTransaction: false,
    plan: undefined,
    error: undefined,
  };
  queryStarted.publish(issued);
  if (issued.needsSite) issued.site = captureSite(above);
  return issued;
}

/** The driver's configuration object for a statement that has been told. */
export function withIssued(statement: unknown, values: unknown, issued: Issued): object {
  const config = typeof statement === 'string' ? { text: statement } : (statement as object);
  return { ...config, ...(Array.isArray(values) ? { values } : {}), [issuedKey]: issued };
}

function captureSite(above: (...parameters: never[]) => unknown): { readonly stack?: string } {
  const site: { stack?: string } = {};
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = siteDepth;
  Error.captureStackTrace(site, above);
  Error.stackTraceLimit = stackTraceLimit;
  return site;
}

/** The connection has filled in what it knows. */
export function publishFinished(issued: Issued, error: Error | null, result: Result): void {
  issued.durationMs = performance.now() - issued.startedAt;
  issued.rowCount = rowsOf(result);
  issued.rows = Array.isArray(result) ? undefined : result?.rows;
  issued.error = error ?? undefined;
  queryFinished.publish(issued);
}

/** A text of several statements has several results. */
function rowsOf(result: Result): number {
  if (Array.isArray(result)) return result.reduce((sum, { rowCount }) => sum + (rowCount ?? 0), 0);
  return result?.rowCount ?? 0;
}
