import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import type { AuditQuery, AuditRow } from './audit.dto.js';

/** Entries that match are counted up to here; past it the total is a lower bound. */
const countedRows = 10_000;

interface AuditWindow {
  readonly limit: number;
  readonly offset: number;
  readonly beforeId: number | null;
}

interface AuditRows {
  readonly entries: AuditRow[];
  readonly total: { readonly count: number; readonly isEstimate: boolean };
}

interface StoredEntry {
  readonly actorId: number | null;
  readonly action: string;
  readonly entityType: string;
  readonly entityId: number | null;
  readonly changes: string;
  readonly requestId: string | null;
}

const where = `
  ($1::bigint IS NULL OR a.actor_id = $1) AND ($2::text IS NULL OR a.entity_type = $2) AND ($3::bigint IS NULL OR a.entity_id = $3)
  AND ($4::text IS NULL OR a.action = $4) AND ($5::timestamptz IS NULL OR a.created_at >= $5)
  AND ($6::timestamptz IS NULL OR a.created_at < $6)`;

// Newest first; an id is given out once and never goes back, so it is the key of the pages.
const list = `
  WITH total AS (
    SELECT count(*) AS total FROM (SELECT FROM audit_log a WHERE ${where} LIMIT ${countedRows + 1}) AS counted
  ), page AS (
    SELECT a.* FROM audit_log a WHERE ${where} AND ($7::bigint IS NULL OR a.id < $7) ORDER BY a.id DESC LIMIT $8 OFFSET $9
  )
  SELECT total.total, p.id, CASE WHEN u.id IS NOT NULL THEN json_build_object('id', u.id, 'username', u.username) END AS actor,
         p.action, p.entity_type, p.entity_id, p.changes, p.request_id, p.created_at
    FROM total LEFT JOIN page p ON true LEFT JOIN users u ON u.id = p.actor_id
   ORDER BY p.id DESC`;

const insert = `
  INSERT INTO audit_log (actor_id, action, entity_type, entity_id, changes, request_id) VALUES ($1, $2, $3, $4, $5, $6)`;

@Injectable()
export class AuditRepository {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** One entry more than `limit` when there are further ones. */
  async find(query: AuditQuery, { limit, offset, beforeId }: AuditWindow): Promise<AuditRows> {
    const filters = [query.actor_id, query.entity_type, query.entity_id, query.action, query.from, query.to];
    const parameters = [...filters.map((value) => value ?? null), beforeId, limit + 1, offset];
    const rows = await this.dataSource.query<(AuditRow & { total: number })[]>(list, parameters);
    const count = rows[0]?.total ?? 0;
    return {
      entries: rows.filter((row) => row.id !== null).map(({ total: _, ...row }) => row),
      total: { count, isEstimate: count > countedRows },
    };
  }

  async insert(manager: EntityManager, entry: StoredEntry): Promise<void> {
    const { actorId, action, entityType, entityId, changes, requestId } = entry;
    await manager.query(insert, [actorId, action, entityType, entityId, changes, requestId]);
  }
}
