import { DatabaseProbe } from '@app/database';
import { Inject, Injectable } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { CONFIG } from '../../app.tokens.js';
import type { Config } from '../../config.js';

/** The connection pool as it is when it is scraped. */
@Injectable()
export class PoolMetrics {
  constructor(database: DatabaseProbe, @Inject(CONFIG) config: Pick<Config, 'database'>) {
    const figure = (name: string, help: string, read: () => number): void => {
      const gauge: Gauge = new Gauge({ name, help, collect: () => gauge.set(read()) });
    };
    figure('db_pool_max_connections', 'Connections that the pool may open', () => config.database.poolSize);
    figure('db_pool_connections', 'Open connections of the pool', () => database.poolFigures().size);
    figure('db_pool_idle_connections', 'Open connections that nobody uses', () => database.poolFigures().idle);
    figure('db_pool_waiting', 'Statements and transactions that wait for a connection', () => database.poolFigures().waiting);
  }
}
