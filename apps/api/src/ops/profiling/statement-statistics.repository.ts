import { fingerprintOf } from '@app/profiling';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';

/** What the server counted of a statement, whoever sent it. */
export interface ServerFigures {
  readonly calls: number;
  readonly totalMs: number;
  readonly rows: number;
  readonly sharedBlocksHit: number;
  readonly sharedBlocksRead: number;
}

interface Row {
  readonly query: string;
  readonly calls: number;
  readonly total_exec_time: number;
  readonly rows: number;
  readonly shared_blks_hit: number;
  readonly shared_blks_read: number;
}

/** Statements of the server that are compared with ours: those that took most time. */
const compared = 1000;

// A session may use the extension although nobody made it in this database, and the other way round: both must be.
const isThere = `SELECT to_regclass('pg_stat_statements') IS NOT NULL AND current_setting('pg_stat_statements.max', true) IS NOT NULL AS there`;

const top = `
  SELECT query, calls, total_exec_time, rows, shared_blks_hit, shared_blks_read FROM pg_stat_statements
   WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY total_exec_time DESC LIMIT $1`;

/** `pg_stat_statements`, where the server has it, by our fingerprints. */
@Injectable()
export class StatementStatistics {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** By fingerprint; undefined without the extension. */
  async find(): Promise<Map<string, ServerFigures> | undefined> {
    const [answer] = await this.dataSource.query<{ there: boolean }[]>(isThere);
    if (!answer?.there) return undefined;
    const found = new Map<string, ServerFigures>();
    for (const row of await this.dataSource.query<Row[]>(top, [compared])) add(found, row);
    return found;
  }
}

/** The server tells apart what we do not: lists of different lengths, users, settings. */
function add(found: Map<string, ServerFigures>, row: Row): void {
  const { id } = fingerprintOf(row.query);
  const known = found.get(id);
  found.set(id, {
    calls: (known?.calls ?? 0) + row.calls,
    totalMs: (known?.totalMs ?? 0) + row.total_exec_time,
    rows: (known?.rows ?? 0) + row.rows,
    sharedBlocksHit: (known?.sharedBlocksHit ?? 0) + row.shared_blks_hit,
    sharedBlocksRead: (known?.sharedBlocksRead ?? 0) + row.shared_blks_read,
  });
}
