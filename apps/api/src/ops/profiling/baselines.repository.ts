import type { Baseline, BaselineStore } from '@app/profiling';
import type { DataSource } from 'typeorm';

const load = 'SELECT endpoint, p95_ms AS "p95Ms", request_count AS requests FROM endpoint_baselines';

const save = `
  INSERT INTO endpoint_baselines AS known (endpoint, p95_ms, request_count)
  SELECT * FROM unnest($1::text[], $2::double precision[], $3::bigint[])
  ON CONFLICT (endpoint) DO UPDATE SET p95_ms = excluded.p95_ms, request_count = excluded.request_count, updated_at = now()`;

/** What each endpoint's 95th percentile normally is, for all replicas and beyond a restart. */
export class BaselinesRepository implements BaselineStore {
  constructor(private readonly dataSource: DataSource) {}

  load(): Promise<Baseline[]> {
    return this.dataSource.query<Baseline[]>(load);
  }

  async save(baselines: readonly Baseline[]): Promise<void> {
    const columns = [
      baselines.map(({ endpoint }) => endpoint),
      baselines.map(({ p95Ms }) => p95Ms),
      baselines.map(({ requests }) => requests),
    ];
    await this.dataSource.query(save, columns);
  }
}
