import { connectionUsed, queryFinished, queryStarted, type QueryFinished } from '@app/common';

type Rows = { rowCount?: number | null; rows?: unknown[] };
export type Result = Rows | Rows[] | undefined;
export type Callback = (error: Error | null, result?: Result) => void;

/** A statement as it was issued, with the place in the code when somebody asked for it. */
export interface Issued {
  readonly text: string;
  readonly parameters: readonly unknown[];
  readonly site?: { readonly stack?: string };
}

/** Carries a statement that the pool has told already, past the wait for a connection. */
const issuedKey = Symbol('techmart:issued');

interface StatementConfig {
  readonly text?: string;
  readonly values?: unknown;
  readonly [issuedKey]?: Issued;
}

/** How deep a place is looked for: the ORM's own frames come first. V8's default of 10 may end among them. */
const siteDepth = 25;

export const isTold = (): boolean => queryFinished.hasListeners || queryStarted.hasListeners || connectionUsed.hasListeners;

/** What the driver is given, in any of its forms, as one statement; `above` is the function that its caller called. */
export function issue(statement: unknown, values: unknown, above: (...parameters: never[]) => unknown): Issued {
  const config: StatementConfig = typeof statement === 'string' ? { text: statement } : (statement ?? {});
  const told = config[issuedKey];
  if (told) return told;
  const parameters: unknown = Array.isArray(values) ? values : config.values;
  const issued = { text: config.text ?? '', parameters: Array.isArray(parameters) ? parameters : [], needsSite: false };
  queryStarted.publish(issued);
  return issued.needsSite ? { ...issued, site: captureSite(above) } : issued;
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

/** What only the connection knows of a statement. */
export type Measured = Pick<QueryFinished, 'startedAt' | 'waitMs' | 'readBytes' | 'isInTransaction'> & {
  readonly plan: string | undefined;
};

export function publishFinished(issued: Issued, measured: Measured, error: Error | null, result: Result): void {
  const { text, parameters, site } = issued;
  const { plan, ...facts } = measured;
  queryFinished.publish({
    text,
    parameters,
    ...facts,
    durationMs: performance.now() - measured.startedAt,
    rowCount: rowsOf(result),
    rows: Array.isArray(result) ? undefined : result?.rows,
    ...(plan === undefined ? {} : { plan }),
    ...(site ? { site } : {}),
    ...(error ? { error } : {}),
  });
}

/** A text of several statements has several results. */
function rowsOf(result: Result): number {
  if (Array.isArray(result)) return result.reduce((sum, { rowCount }) => sum + (rowCount ?? 0), 0);
  return result?.rowCount ?? 0;
}
