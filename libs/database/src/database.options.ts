import { ConfigurableModuleBuilder } from '@nestjs/common';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { InstrumentedClient } from './instrumented-client.js';
import { InstrumentedPool } from './instrumented-pool.js';
import { requestPlans, type PlanOptions } from './plan-notices.js';

export interface DatabaseOptions {
  /** `postgres://user:password@host:port/database`. */
  readonly url: string;
  /** Most connections of this process; the driver opens them as they are needed. */
  readonly poolSize: number;
  /** Longest wait for a connection, in milliseconds, before `PoolExhaustedError`. */
  readonly acquireTimeoutMs: number;
  /** Longest statement, in milliseconds, before the server ends it; 0: none. */
  readonly statementTimeoutMs: number;
  /** How long an unused connection stays open, in milliseconds; 0: for ever. */
  readonly idleTimeoutMs: number;
  /** What `pg_stat_activity` shows. */
  readonly applicationName: string;
  /** Plans of slow executions with `queryFinished`; for direct connections only, and nothing where the server does not allow it. */
  readonly plans?: PlanOptions | undefined;
  readonly migrations?: readonly (new () => object)[];
}

/** What TypeORM is given: our pool and client as its driver, never a synchronised schema. */
export function dataSourceOptions(options: DatabaseOptions): DataSourceOptions {
  const { plans } = options;
  return {
    type: 'postgres',
    url: options.url,
    driver: { Pool: InstrumentedPool, Client: InstrumentedClient },
    poolSize: options.poolSize,
    connectTimeoutMS: options.acquireTimeoutMs,
    applicationName: options.applicationName,
    synchronize: false,
    installExtensions: false,
    migrations: [...(options.migrations ?? [])] as never[],
    // The pool deals with it; TypeORM would only write a line per connection.
    poolErrorHandler: () => undefined,
    extra: {
      statement_timeout: options.statementTimeoutMs === 0 ? undefined : options.statementTimeoutMs,
      idleTimeoutMillis: options.idleTimeoutMs,
      keepAlive: true,
      ...(plans ? { onConnect: (client: InstrumentedClient) => requestPlans(client, plans) } : {}),
    },
  };
}

/** A data source that is not connected yet, for scripts and tests; `initialize()` connects it. */
export const createDataSource = (options: DatabaseOptions): DataSource => new DataSource(dataSourceOptions(options));

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN: DATABASE_OPTIONS } = new ConfigurableModuleBuilder<DatabaseOptions>()
  .setClassMethodName('forRoot')
  .build();
