export {
  isCheckViolation,
  isConnectionError,
  isForeignKeyViolation,
  isOutOfResources,
  isRetryable,
  isStatementTimeout,
} from './database.errors.js';
export { isUniqueViolation, PoolExhaustedError } from './database.errors.js';
export { DatabaseModule } from './database.module.js';
export { createDataSource } from './database.options.js';
export type { DatabaseOptions } from './database.options.js';
export { DatabaseProbe } from './database.probe.js';
export { EmbeddedPostgresUnavailable } from './embedded/binaries.js';
export { EmbeddedPostgres } from './embedded/embedded-postgres.js';
export type { EmbeddedPostgresOptions, RunningPostgres } from './embedded/embedded-postgres.js';
export { findRunning } from './embedded/find-running.js';
export { DataDirectoryInUse, takeOwnership } from './embedded/owner.js';
export { findProcess, kill } from './embedded/processes.js';
export { SignOfLife } from './sign-of-life.js';
export { inTransaction, withRetry } from './transaction.js';
