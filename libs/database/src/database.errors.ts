import { exhaustedResource } from '@app/common';
import { QueryFailedError, QueryRunnerAlreadyReleasedError, QueryRunnerProviderAlreadyReleasedError } from 'typeorm';

/** Every connection of the pool was busy for as long as a caller may wait. The work was not begun, so it may be tried again. */
export class PoolExhaustedError extends Error {
  constructor(readonly waitedMs: number) {
    super(`no database connection became free within ${waitedMs} ms`);
    this.name = 'PoolExhaustedError';
  }
}

interface ServerError {
  readonly code: string;
  readonly constraint?: string;
}

/** The error as PostgreSQL's driver gave it, whatever it is wrapped in. */
function serverError(error: unknown): Partial<ServerError> {
  const inner: unknown = error instanceof QueryFailedError ? error.driverError : error;
  return inner instanceof Error ? (inner as Partial<ServerError>) : {};
}

const hasCode =
  (code: string) =>
  (error: unknown, constraint?: string): boolean => {
    const { code: given, constraint: name } = serverError(error);
    return given === code && (constraint === undefined || name === constraint);
  };

/** SQLSTATE 23505; with a name, of that constraint or unique index alone. */
export const isUniqueViolation = hasCode('23505');
/** SQLSTATE 23503. */
export const isForeignKeyViolation = hasCode('23503');
/** SQLSTATE 23514. */
export const isCheckViolation = hasCode('23514');

const isSerialisationFailure = hasCode('40001');
const isDeadlock = hasCode('40P01');

/** Whether the transaction was rolled back only because of others beside it, so that running it again may succeed. */
export const isRetryable = (error: unknown): boolean => isSerialisationFailure(error) || isDeadlock(error);

/** Whether the server has run out of disk or memory (SQLSTATE 53100 and 53200). What the statement's transaction has written is undone. */
export const isOutOfResources = (error: unknown): boolean => exhaustedResource(serverError(error).code) !== undefined;

/** SQLSTATE 57014: the server ended the statement, which took too long, often by waiting for somebody's lock. */
export const isStatementTimeout = hasCode('57014');

// Class 08 is the connection, 57P01 to 57P03 a server that stops or starts, 57P05 and 25P03 one that ended an idle session, 53300
// one that takes no more connections.
const serverAway = /^(08|57P0[1-3]|57P05|25P03|53300)/;
const systemAway = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENOENT']);
const driverAway = /^(Connection terminated|Client has encountered a connection error|Client was closed|timeout expired)/;

/** TypeORM takes the connection from a transaction when it breaks, and answers what the transaction does next with one of these. */
const isTakenAway = (error: unknown): boolean =>
  error instanceof QueryRunnerAlreadyReleasedError || error instanceof QueryRunnerProviderAlreadyReleasedError;

/** Whether the database could not be reached or went away, as opposed to having refused a statement. */
export function isConnectionError(error: unknown): boolean {
  if (isTakenAway(error)) return true;
  const inner: unknown = error instanceof QueryFailedError ? error.driverError : error;
  // By shape: the system's errors may come from another realm, where `instanceof Error` does not hold.
  const { code, syscall, message, errors } = (inner ?? {}) as { code?: string; syscall?: string; message?: string; errors?: unknown[] };
  if (Array.isArray(errors) && errors.some(isConnectionError)) return true;
  if (code !== undefined && (serverAway.test(code) || (systemAway.has(code) && syscall !== undefined))) return true;
  return driverAway.test(message ?? '');
}
