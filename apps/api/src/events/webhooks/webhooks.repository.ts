import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import type { DeliveriesQuery, Delivery, Webhook } from './webhooks.dto.js';

/** Rows are counted up to here; past it the total is a lower bound. */
const countedRows = 10_000;

export interface Window {
  readonly limit: number;
  readonly offset: number;
  readonly beforeId: number | null;
}

export interface Rows<Row> {
  readonly rows: Row[];
  readonly total: { readonly count: number; readonly isEstimate: boolean };
}

const columns = 'id, url, event_types, is_active, created_by, created_at';

const insert = `INSERT INTO webhooks (url, event_types, secret, created_by) VALUES ($1, $2, $3, $4) RETURNING ${columns}`;

// Newest first, in both lists: an id is given out once and never goes back.
const list = `
  WITH page AS (
    SELECT ${columns} FROM webhooks WHERE $1::bigint IS NULL OR id < $1 ORDER BY id DESC LIMIT $2 OFFSET $3
  )
  SELECT total.count, page.*
    FROM (SELECT count(*) FROM (SELECT FROM webhooks LIMIT ${countedRows + 1}) AS counted) AS total LEFT JOIN page ON true
   ORDER BY page.id DESC`;

const deliveryColumns = `
  d.id, d.webhook_id, json_build_object('id', 'evt_' || o.id, 'type', o.event_type, 'created_at', o.created_at) AS event, d.status, d.attempts,
  CASE WHEN d.status = 'pending' THEN d.next_attempt_at END AS next_attempt_at, d.last_status, d.last_error, d.created_at, d.delivered_at`;

const listDeliveries = `
  WITH found AS (SELECT id FROM webhooks WHERE id = $1),
  page AS (
    SELECT * FROM webhook_deliveries
     WHERE webhook_id = $1 AND ($2::text IS NULL OR status = $2) AND ($3::bigint IS NULL OR id < $3)
     ORDER BY id DESC LIMIT $4 OFFSET $5
  )
  SELECT total.count, ${deliveryColumns}
    FROM found
   CROSS JOIN (SELECT count(*) FROM (
                 SELECT FROM webhook_deliveries WHERE webhook_id = $1 AND ($2::text IS NULL OR status = $2) LIMIT ${countedRows + 1}
               ) AS counted) AS total
    LEFT JOIN page d ON true LEFT JOIN outbox o ON o.id = d.outbox_id
   ORDER BY d.id DESC`;

const replay = `
  WITH d AS (
    UPDATE webhook_deliveries SET status = 'pending', attempts = 0, next_attempt_at = now(), delivered_at = NULL
     WHERE id = $1 AND status <> 'pending' RETURNING *
  )
  SELECT ${deliveryColumns} FROM d JOIN outbox o ON o.id = d.outbox_id`;

/** JSON gives times as text. */
const toDelivery = (row: Delivery): Delivery => ({ ...row, event: { ...row.event, created_at: new Date(row.event.created_at) } });

function toRows<Row extends { id: number }>(counted: readonly (Row & { count: number })[]): Rows<Row> {
  const count = counted[0]?.count ?? 0;
  const rows = counted.filter((row) => row.id !== null).map(({ count: _, ...row }) => row as unknown as Row);
  return { rows, total: { count, isEstimate: count > countedRows } };
}

@Injectable()
export class WebhooksRepository {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  async insert(manager: EntityManager, values: { url: string; eventTypes: string[]; secret: string; createdBy: number }): Promise<Webhook> {
    const [row] = await manager.query<Webhook[]>(insert, [values.url, values.eventTypes, values.secret, values.createdBy]);
    if (!row) throw new Error('the insert gave no row');
    return row;
  }

  /** One row more than `limit` when there are further ones. */
  async list({ limit, offset, beforeId }: Window): Promise<Rows<Webhook>> {
    return toRows(await this.dataSource.query<(Webhook & { count: number })[]>(list, [beforeId, limit + 1, offset]));
  }

  /** Its deliveries go with it. Undefined: there is none. */
  async delete(manager: EntityManager, id: number): Promise<{ url: string } | undefined> {
    const [rows] = await manager.query<[{ url: string }[], number]>('DELETE FROM webhooks WHERE id = $1 RETURNING url', [id]);
    return rows[0];
  }

  /** Undefined: there is no such webhook. */
  async listDeliveries(id: number, { status }: DeliveriesQuery, { limit, offset, beforeId }: Window): Promise<Rows<Delivery> | undefined> {
    const values = [id, status ?? null, beforeId, limit + 1, offset];
    const found = await this.dataSource.query<(Delivery & { count: number })[]>(listDeliveries, values);
    if (found.length === 0) return undefined;
    const { rows, total } = toRows(found);
    return { rows: rows.map(toDelivery), total };
  }

  /** The delivery as if it had never been attempted. Undefined: it is not there, or pending. */
  async replay(manager: EntityManager, id: number): Promise<Delivery | undefined> {
    const [row] = await manager.query<Delivery[]>(replay, [id]);
    return row && toDelivery(row);
  }

  async hasDelivery(manager: EntityManager, id: number): Promise<boolean> {
    const rows = await manager.query<unknown[]>('SELECT FROM webhook_deliveries WHERE id = $1', [id]);
    return rows.length > 0;
  }
}
