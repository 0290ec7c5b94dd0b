import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';

/** Each is one statement of the database, which writes the rows that differ and tells how many those were. */
@Injectable()
export class ProductRefreshRepository {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  refreshPopularity(asOf: Date, signal: AbortSignal): Promise<number> {
    return this.refresh('refresh_product_popularity($1)', [asOf.toISOString()], signal);
  }

  refreshAffinity(asOf: Date, signal: AbortSignal): Promise<number> {
    return this.refresh('refresh_product_affinity($1)', [asOf.toISOString()], signal);
  }

  refreshSearchTerms(signal: AbortSignal): Promise<number> {
    return this.refresh('refresh_search_terms()', [], signal);
  }

  /** As long as it takes: the limit is for requests. Ended by the signal, it has written nothing. */
  private refresh(call: string, parameters: readonly unknown[], signal: AbortSignal): Promise<number> {
    return this.dataSource.transaction(async (manager) => {
      const [session] = await manager.query<{ pid: number }[]>(
        `SELECT pg_backend_pid() AS pid, set_config('statement_timeout', '0', true)`,
      );
      const cancel = (): void => void this.dataSource.query('SELECT pg_cancel_backend($1)', [session?.pid]).catch(() => undefined);
      signal.throwIfAborted();
      signal.addEventListener('abort', cancel, { once: true });
      try {
        const [row] = await manager.query<{ written: number }[]>(`SELECT ${call} AS written`, [...parameters]);
        return row?.written ?? 0;
      } finally {
        signal.removeEventListener('abort', cancel);
      }
    });
  }
}
