import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';

// The server's clock decides, since those of the replicas may differ.
const acquire = `
  INSERT INTO job_leases AS lease (name, holder, expires_at)
  VALUES ($1, $2, clock_timestamp() + $3 * interval '1 millisecond')
  ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
    WHERE lease.expires_at <= clock_timestamp()
  RETURNING name`;

const extend = `
  UPDATE job_leases SET expires_at = clock_timestamp() + $3 * interval '1 millisecond' WHERE name = $1 AND holder = $2 RETURNING name`;

/** A row for each job: who runs it, or ran it last, and until when nobody else may. */
@Injectable()
export class JobLeases {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** False while the lease of anybody, ourselves included, has not expired. */
  async acquire(name: string, holder: string, durationMs: number): Promise<boolean> {
    const rows: unknown[] = await this.dataSource.query(acquire, [name, holder, durationMs]);
    return rows.length > 0;
  }

  /** Moves the end of our own lease, 0 gives it back. False: it is no longer ours. */
  async extend(name: string, holder: string, durationMs: number): Promise<boolean> {
    const [rows]: [unknown[], number] = await this.dataSource.query(extend, [name, holder, durationMs]);
    return rows.length > 0;
  }
}
