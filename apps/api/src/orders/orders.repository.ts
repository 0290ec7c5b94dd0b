import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { toOrder } from './order-row.js';
import type { Order, OrderDetail } from './orders.dto.js';
import type { OrderStatus, PaymentStatus } from './order-status.js';

/** Whose orders a caller reaches. A seller sees of each order the own items and what they cost. */
export type OrderScope = { readonly of: 'buyer' | 'seller'; readonly userId: number } | { readonly of: 'everyone'; readonly userId: null };

interface OrderFilter {
  readonly status?: OrderStatus | undefined;
  readonly payment_status?: PaymentStatus | undefined;
}

interface OrderWindow {
  readonly limit: number;
  readonly offset: number;
  /** Microseconds since the epoch and id of the last order seen. */
  readonly after?: readonly [number, number];
}

/** An order and where it stands in the list: microseconds since the epoch. */
interface ListedOrder {
  readonly order: Order;
  readonly position: number;
}

interface OrderRows {
  readonly orders: ListedOrder[];
  readonly total: { readonly count: number; readonly isEstimate: boolean };
}

const countedRows = 10_000;

/** The condition on an order `o` that puts it in the scope; its user is `$1`. */
export const inScope: Record<OrderScope['of'], string> = {
  buyer: 'o.user_id = $1',
  seller: 'EXISTS (SELECT FROM order_items i WHERE i.order_id = o.id AND i.seller_id = $1)',
  everyone: '$1::bigint IS NULL',
};

const columns = ({ of }: OrderScope): string => {
  const items = `FROM order_items i WHERE i.order_id = o.id${of === 'seller' ? ' AND i.seller_id = $1' : ''}`;
  return `
    o.id, o.order_number, o.status, o.payment_status, o.payment_method,
    ${of === 'seller' ? `(SELECT sum(i.total_price) ${items})` : 'o.total_amount'} AS total_amount,
    (SELECT coalesce(json_agg(json_build_object('product_id', i.product_id, 'name', i.name, 'sku', i.sku, 'quantity', i.quantity,
      'unit_price', i.unit_price, 'total_price', i.total_price) ORDER BY i.product_id), '[]') ${items}) AS items,
    o.shipping_address, o.billing_address, o.notes, o.created_at, o.updated_at, o.shipped_at, o.delivered_at`;
};

const filtered = ({ of }: OrderScope): string =>
  `${inScope[of]} AND ($2::text IS NULL OR o.status = $2) AND ($3::text IS NULL OR o.payment_status = $3)`;

// A cursor counts microseconds, which is all that a timestamp holds: a Date would lose the last three digits, and with them rows.
const pageOf = (scope: OrderScope): string => `
  WITH total AS (
    SELECT count(*)::integer AS count FROM (SELECT FROM orders o WHERE ${filtered(scope)} LIMIT ${countedRows + 1}) AS counted
  ), page AS (
    SELECT o.* FROM orders o
     WHERE ${filtered(scope)}
       AND ($4::bigint IS NULL OR (o.created_at, o.id) < ('epoch'::timestamptz + $4 * interval '1 microsecond', $5::bigint))
     ORDER BY o.created_at DESC, o.id DESC LIMIT $6 OFFSET $7
  )
  SELECT total.count, ${columns(scope)}, (extract(epoch FROM o.created_at) * 1000000)::bigint AS position
    FROM total LEFT JOIN page o ON true ORDER BY o.created_at DESC, o.id DESC`;

const detailOf = (scope: OrderScope): string => `
  SELECT ${columns(scope)},
    (SELECT coalesce(json_agg(json_build_object('field', e.field, 'from', e.from_value, 'to', e.to_value, 'actor_id', e.actor_id,
      'at', e.created_at) ORDER BY e.id), '[]') FROM order_events e WHERE e.order_id = o.id) AS history
    FROM orders o WHERE ${inScope[scope.of]} AND o.id = $2`;

@Injectable()
export class OrdersRepository {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** One row more than `limit` when there are further ones, newest first; each with its items. */
  async list(scope: OrderScope, filter: OrderFilter, window: OrderWindow): Promise<OrderRows> {
    const parameters = [scope.userId, filter.status ?? null, filter.payment_status ?? null];
    const [position = null, id = null] = window.after ?? [];
    const rows: (Order & { count: number; position: number })[] = await this.dataSource.query(pageOf(scope), [
      ...parameters,
      position,
      id,
      window.limit + 1,
      window.offset,
    ]);
    const count = rows[0]?.count ?? 0;
    const isEstimate = count > countedRows;
    return {
      orders: rows.filter((row) => row.id !== null).map((row) => ({ order: toOrder(row), position: row.position })),
      total: { count: isEstimate ? await this.estimate(scope, parameters) : count, isEstimate },
    };
  }

  async find(scope: OrderScope, id: number): Promise<OrderDetail | undefined> {
    const [row]: OrderDetail[] = await this.dataSource.query(detailOf(scope), [scope.userId, id]);
    return row && { ...row, history: row.history.map((event) => ({ ...event, at: new Date(event.at) })) };
  }

  /** What the planner expects: asked only for more rows than are counted. */
  private async estimate(scope: OrderScope, parameters: unknown[]): Promise<number> {
    const sql = `EXPLAIN (FORMAT JSON) SELECT FROM orders o WHERE ${filtered(scope)}`;
    const [row]: { 'QUERY PLAN': [{ Plan: { 'Plan Rows': number } }] }[] = await this.dataSource.query(sql, parameters);
    return Math.max(countedRows + 1, row?.['QUERY PLAN'][0].Plan['Plan Rows'] ?? 0);
  }
}
