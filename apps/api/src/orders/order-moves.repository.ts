import { Invalidations } from '../cache/invalidations.js';
import { cacheTags } from '../cache/cache-types.js';
import { Injectable } from '@nestjs/common';
import { inTransaction } from '@app/database';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource, EntityManager } from 'typeorm';
import type { OrderState } from './order-status.js';
import { inScope, type OrderScope } from './orders.repository.js';

export interface LockedOrder extends OrderState {
  readonly id: number;
  readonly user_id: number;
  /** Whether every item is the seller's who asks; true for anybody else. */
  readonly is_all_own: boolean;
}

interface Move {
  readonly scope: OrderScope;
  readonly orderId: number;
  /** Null: the service itself. */
  readonly actorId: number | null;
  /** Says where to, or throws a problem; asked under the order's lock. */
  readonly decide: (order: LockedOrder) => OrderState;
  /** More to write in the same transaction. */
  readonly record?: (manager: EntityManager, before: OrderState, after: OrderState) => Promise<void>;
}

const lock = ({ of }: OrderScope): string => {
  const othersItems = 'EXISTS (SELECT FROM order_items i WHERE i.order_id = o.id AND i.seller_id IS DISTINCT FROM $1)';
  return `
    SELECT o.id, o.user_id, o.status, o.payment_status, ${of === 'seller' ? `NOT ${othersItems}` : 'true'} AS is_all_own
      FROM orders o WHERE ${inScope[of]} AND o.id = $2 FOR NO KEY UPDATE`;
};

const move = `
  WITH moved AS (
    UPDATE orders SET status = $2::text, payment_status = $3::text,
           shipped_at = CASE WHEN $2::text = 'shipped' THEN coalesce(shipped_at, now()) ELSE shipped_at END,
           delivered_at = CASE WHEN $2::text = 'delivered' THEN coalesce(delivered_at, now()) ELSE delivered_at END
     WHERE id = $1 RETURNING id, order_number, user_id
  ), change AS (
    SELECT * FROM (VALUES ('status', $4::text, $2::text), ('payment_status', $5::text, $3::text)) AS field (name, before, after)
     WHERE before <> after
  ), event AS (
    INSERT INTO order_events (order_id, actor_id, field, from_value, to_value)
    SELECT moved.id, $6::bigint, change.name, change.before, change.after FROM moved, change
  )
  INSERT INTO outbox (aggregate_type, aggregate_id, event_type, payload)
  SELECT 'order', moved.id, 'order.' || change.name || '_changed',
         jsonb_build_object('order_id', moved.id, 'order_number', moved.order_number, 'user_id', moved.user_id,
                            'from', change.before, 'to', change.after)
         || CASE WHEN change.name = 'status' AND change.after = 'cancelled' THEN jsonb_build_object('product_ids', (
              SELECT jsonb_agg(item.product_id ORDER BY item.product_id) FROM order_items item WHERE item.order_id = moved.id))
            ELSE '{}' END
    FROM moved, change`;

// The rows are locked in ascending product id, as check-outs lock them.
const returnStock = `
  WITH cause AS (
    SELECT set_config('techmart.stock_cause', 'cancel', true), set_config('techmart.stock_order_id', $1::bigint::text, true),
           set_config('techmart.stock_actor_id', coalesce($2::bigint::text, ''), true)
  ), line AS MATERIALIZED (
    SELECT p.id, i.quantity FROM order_items i JOIN products p ON p.id = i.product_id
     WHERE i.order_id = $1::bigint ORDER BY p.id FOR NO KEY UPDATE OF p
  )
  UPDATE products SET stock_quantity = stock_quantity + line.quantity FROM line, cause WHERE products.id = line.id RETURNING products.id`;

const expired = `
  SELECT id FROM orders
   WHERE status = 'pending' AND payment_status IN ('pending', 'failed') AND created_at < now() - $1 * interval '1 second' AND id <> ALL ($3)
   ORDER BY created_at LIMIT $2`;

const lockExpired = `
  SELECT id, user_id, status, payment_status, true AS is_all_own FROM orders
   WHERE id = $1 AND status = 'pending' AND payment_status IN ('pending', 'failed') FOR NO KEY UPDATE SKIP LOCKED`;

@Injectable()
export class OrderMovesRepository {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly invalidations: Invalidations,
  ) {}

  /** Moves one order and writes its history, events and stock in one transaction. False: there is none in the scope. */
  move({ scope, orderId, actorId, decide, record }: Move): Promise<boolean> {
    return inTransaction(this.dataSource, async (manager) => {
      const [order]: LockedOrder[] = await manager.query(lock(scope), [scope.userId, orderId]);
      if (!order) return false;
      const moved = decide(order);
      await this.apply(manager, order, moved, actorId);
      await record?.(manager, order, moved);
      return true;
    });
  }

  /** Orders that are still unpaid so many seconds after they were placed, oldest first, but those to be left out. */
  async findExpired(ageS: number, limit: number, except: readonly number[]): Promise<number[]> {
    const rows: { id: number }[] = await this.dataSource.query(expired, [ageS, limit, except]);
    return rows.map((row) => row.id);
  }

  /** False: it was paid or moved meanwhile, or somebody is about to. */
  expire(orderId: number, decide: Move['decide']): Promise<boolean> {
    return inTransaction(this.dataSource, async (manager) => {
      const [order]: LockedOrder[] = await manager.query(lockExpired, [orderId]);
      if (order) await this.apply(manager, order, decide(order), null);
      return order !== undefined;
    });
  }

  private async apply(manager: EntityManager, before: LockedOrder, after: OrderState, actorId: number | null): Promise<void> {
    await manager.query(move, [before.id, after.status, after.payment_status, before.status, before.payment_status, actorId]);
    const { order, ordersOf, user, product, catalogue } = cacheTags;
    await this.invalidations.after(manager, order(before.id), ordersOf(before.user_id), user(before.user_id));
    if (after.status !== 'cancelled' || before.status === 'cancelled') return;
    const [returned] = await manager.query<[{ id: number }[], number]>(returnStock, [before.id, actorId]);
    await this.invalidations.after(manager, catalogue, ...returned.map(({ id }) => product(id)));
  }
}
