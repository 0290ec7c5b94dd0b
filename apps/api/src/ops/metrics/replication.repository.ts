import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';

/** Who hangs on this server. A name stands for all standbys that have not been given names of their own. */
export interface StandbyLag {
  readonly standby: string;
  readonly lag_s: number;
}

export interface ReplicationState {
  readonly standbys: readonly StandbyLag[];
  /** Of this server, if it is a standby: whether it has replayed what it was sent, and the age of the last transaction that it replayed. */
  readonly own: { readonly is_caught_up: boolean; readonly age_s: number | null } | undefined;
}

/** Labels of a metric must not be many: those that are furthest behind. */
const mostStandbys = 8;

// The server forgets a lag when nothing has been written for a while: who has replayed all that was sent has none. What does not replay,
// such as a backup, has no lag; nor has anybody to a role without pg_monitor, which is shown names and nulls.
const standbys = `
  SELECT application_name AS standby, max(lag)::float8 AS lag_s
    FROM (SELECT application_name,
                 CASE WHEN replay_lag IS NOT NULL THEN extract(epoch FROM replay_lag) WHEN replay_lsn >= sent_lsn THEN 0 END AS lag
            FROM pg_stat_replication) AS each
   WHERE lag IS NOT NULL
   GROUP BY application_name
   ORDER BY lag_s DESC
   LIMIT ${mostStandbys}`;

// What it was sent says nothing while nobody sends.
const own = `
  SELECT coalesce(pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn(), false)
           AND EXISTS (SELECT FROM pg_stat_wal_receiver) AS is_caught_up,
         extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::float8 AS age_s
   WHERE pg_is_in_recovery()`;

@Injectable()
export class ReplicationRepository {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  async read(): Promise<ReplicationState> {
    const [row] = await this.dataSource.query<{ standbys: StandbyLag[] | null; own: ReplicationState['own'] | null }[]>(
      `SELECT (SELECT json_agg(s) FROM (${standbys}) AS s) AS standbys, (SELECT row_to_json(o) FROM (${own}) AS o) AS own`,
    );
    return { standbys: row?.standbys ?? [], own: row?.own ?? undefined };
  }
}
