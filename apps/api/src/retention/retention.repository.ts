import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import type { Config } from '../config.js';

export type Period = keyof Config['retention'];

interface Rule {
  readonly name: string;
  readonly period: Period;
  readonly sql: string;
}

// Whoever holds a row's lock still wants it: it goes with a later batch. `$1` is the number of days, `$2` the rows of a batch.
const batch = (table: string, key: string, condition: string, order: string): string => `
  DELETE FROM ${table} WHERE (${key}) IN (
    SELECT ${key} FROM ${table} WHERE ${condition} ORDER BY ${order} LIMIT $2 FOR UPDATE SKIP LOCKED)`;

const before = (column: string): string => `${column} < now() - $1 * interval '1 day'`;

const isReferenced = 'EXISTS (SELECT FROM webhook_deliveries d WHERE d.outbox_id = outbox.id)';

/** In this order: an event stays for as long as a delivery of it does. */
export const rules: readonly Rule[] = [
  { name: 'sessions', period: 'sessions', sql: batch('sessions', 'id', before('expires_at'), 'expires_at') },
  { name: 'one_time_tokens', period: 'oneTimeTokens', sql: batch('one_time_tokens', 'id', before('expires_at'), 'expires_at') },
  {
    name: 'idempotency_keys',
    period: 'idempotencyKeys',
    sql: batch('idempotency_keys', 'user_id, key', before('created_at'), 'created_at'),
  },
  {
    name: 'webhook_deliveries',
    period: 'deliveries',
    sql: batch('webhook_deliveries', 'id', `status <> 'pending' AND ${before('created_at')}`, 'created_at'),
  },
  { name: 'outbox', period: 'outbox', sql: batch('outbox', 'id', `${before('delivered_at')} AND NOT ${isReferenced}`, 'delivered_at') },
  { name: 'outbox_dead', period: 'deliveries', sql: batch('outbox', 'id', `${before('dead_at')} AND NOT ${isReferenced}`, 'dead_at') },
];

@Injectable()
export class RetentionRepository {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** How many rows of one batch were removed. */
  async removeBatch({ sql }: Rule, days: number, size: number): Promise<number> {
    const [, removed] = await this.dataSource.query<[unknown[], number]>(sql, [days, size]);
    return removed;
  }
}
