import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import type { BusinessReport } from './business.dto.js';

// Each table is read once. Ranges on `created_at` and `last_login`, never a function of them, so that the indexes serve.
const compute = `
  WITH moment AS (SELECT $1::timestamptz AS now, date_trunc('day', $1::timestamptz, 'UTC') AS today),
  member AS (
    SELECT count(*) AS total, count(*) FILTER (WHERE last_login >= today) AS active_today, count(*) FILTER (WHERE created_at >= today) AS new_today
      FROM users, moment
  ), product AS (
    SELECT count(*) AS total, count(*) FILTER (WHERE stock_quantity <= 10) AS low_stock FROM products WHERE is_active
  ), recent AS (
    SELECT count(*) FILTER (WHERE created_at >= today) AS today,
           count(*) FILTER (WHERE created_at >= today - interval '1 day' AND created_at < today) AS yesterday,
           count(*) FILTER (WHERE created_at >= now - interval '1 hour') AS last_hour,
           coalesce(sum(total_amount) FILTER (WHERE created_at >= today AND status <> 'cancelled'), 0) AS revenue_today,
           coalesce(sum(total_amount) FILTER (WHERE status <> 'cancelled'), 0) AS revenue_month,
           coalesce(round(avg(total_amount) FILTER (WHERE status <> 'cancelled'), 2), 0) AS avg_order_value
      FROM orders, moment WHERE created_at >= least(now - interval '30 days', today - interval '1 day')
  ), by_status AS (
    SELECT json_object_agg(known.status, coalesce(found.count, 0)) AS counts
      FROM unnest(ARRAY['pending', 'processing', 'shipped', 'delivered', 'cancelled']) AS known (status)
      LEFT JOIN (SELECT status, count(*) FROM orders GROUP BY status) AS found ON found.status = known.status
  ), buyer AS (
    SELECT DISTINCT user_id FROM orders, moment WHERE created_at >= now - interval '7 days'
  ), shopper AS (
    SELECT user_id FROM buyer UNION SELECT user_id FROM cart_items, moment WHERE updated_at >= now - interval '7 days'
  ), sold AS (
    SELECT i.product_id AS id, sum(i.quantity) AS total_sold
      FROM moment JOIN orders o ON o.created_at >= now - interval '7 days' AND o.status <> 'cancelled' JOIN order_items i ON i.order_id = o.id
     GROUP BY i.product_id ORDER BY 2 DESC, 1 LIMIT 5
  )
  SELECT json_build_object(
    'users', json_build_object('total', member.total, 'active_today', member.active_today, 'new_today', member.new_today),
    'products', json_build_object('total', product.total, 'low_stock', product.low_stock),
    'orders', json_build_object('today', recent.today, 'yesterday', recent.yesterday,
      'growth', round((recent.today - recent.yesterday) * 100.0 / greatest(recent.yesterday, 1), 2),
      'by_status', by_status.counts, 'last_hour', recent.last_hour),
    'revenue', json_build_object('today', recent.revenue_today, 'month', recent.revenue_month, 'avg_order_value', recent.avg_order_value),
    'conversion', coalesce(round((SELECT count(*) FROM buyer)::numeric / nullif((SELECT count(*) FROM shopper), 0), 4), 0),
    'top_products', (SELECT coalesce(json_agg(json_build_object('id', p.id, 'name', p.name, 'total_sold', sold.total_sold)
                                              ORDER BY sold.total_sold DESC, p.id), '[]') FROM sold JOIN products p ON p.id = sold.id))
    FROM member, product, recent, by_status`;

const store = `
  INSERT INTO business_figures AS kept (figures, computed_at) VALUES ((${compute}), $1::timestamptz)
  ON CONFLICT (id) DO UPDATE SET figures = excluded.figures, computed_at = excluded.computed_at
    WHERE kept.computed_at <= excluded.computed_at`;

@Injectable()
export class BusinessRepository {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  async compute(now: Date): Promise<void> {
    await this.dataSource.query(store, [now.toISOString()]);
  }

  /** Undefined before the first computation. */
  async read(): Promise<BusinessReport | undefined> {
    const [row] = await this.dataSource.query<{ figures: Omit<BusinessReport, 'computed_at'>; computed_at: Date }[]>(
      'SELECT figures, computed_at FROM business_figures',
    );
    return row && { ...row.figures, computed_at: row.computed_at };
  }
}
