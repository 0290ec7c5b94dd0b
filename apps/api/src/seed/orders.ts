import type { SeedContext } from './context.js';
import { orderHours } from './order-hours.js';
import { vocabulary } from './vocabulary.js';

/** Items of an order, by its place among twenty: 2.5 on average, exactly 50 for every twenty. */
const itemCounts = [2, 1, 4, 2, 3, 1, 5, 2, 3, 1, 2, 4, 1, 3, 2, 5, 1, 2, 4, 2] as const;
const itemsBefore = itemCounts.map((_, index) => itemCounts.slice(0, index).reduce((sum: number, count) => sum + count, 0));

/** Moves happen within five days; what is younger has come part of the way. Unpaid orders are of the last day only. */
const draftTable = `
  CREATE TEMP TABLE seed_orders AS
  WITH placed AS (
    SELECT id, starts_at + make_interval(secs => seconds * (id - first_id + pg_temp.rnd(id, 'order.time')) / orders) AS created_at
      FROM unnest($1::timestamptz[], $2::float8[], $3::bigint[], $4::bigint[]) AS hour (starts_at, seconds, first_id, orders),
           generate_series(first_id, first_id + orders - 1) id
  ), aged AS (
    SELECT *, $5::timestamptz - created_at AS age, least($5::timestamptz - created_at, interval '5 days') AS span,
           pg_temp.rnd(id, 'order.status') AS chance, pg_temp.rnd(id, 'order.paid') AS payment
      FROM placed
  ), moved AS (
    SELECT *, CASE WHEN chance < 0.07 THEN 'cancelled'
                   WHEN age < interval '1 day' THEN CASE WHEN chance < 0.55 THEN 'pending' ELSE 'processing' END
                   WHEN age < interval '3 days' THEN CASE WHEN chance < 0.4 THEN 'processing' ELSE 'shipped' END
                   WHEN age < interval '6 days' AND chance < 0.6 THEN 'shipped'
                   ELSE 'delivered' END AS status
      FROM aged
  )
  SELECT id, pg_temp.customer($6::bigint, age, id, 'order.user') AS user_id, status, created_at,
         CASE WHEN status = 'pending' THEN CASE WHEN payment < 0.7 THEN 'pending' WHEN payment < 0.75 THEN 'failed' ELSE 'paid' END
              WHEN status = 'cancelled' THEN CASE WHEN payment < 0.6 THEN 'refunded' ELSE 'failed' END
              ELSE 'paid' END AS payment_status,
         created_at + span * (0.02 * pg_temp.rnd(id, 'order.pay')) AS paid_at,
         CASE WHEN status IN ('processing', 'shipped', 'delivered') THEN created_at + span * (0.05 + 0.1 * pg_temp.rnd(id, 'order.pack')) END
           AS processing_at,
         CASE WHEN status IN ('shipped', 'delivered') THEN created_at + span * (0.2 + 0.2 * pg_temp.rnd(id, 'order.ship')) END AS shipped_at,
         CASE WHEN status = 'delivered' THEN created_at + span * (0.5 + 0.5 * pg_temp.rnd(id, 'order.arrive')) END AS delivered_at,
         CASE WHEN status = 'cancelled' THEN created_at + span * (0.05 + 0.5 * pg_temp.rnd(id, 'order.cancel')) END AS cancelled_at
    FROM moved`;

/** Items of one order take different lanes of the products, and so are different products. */
const items = `
  INSERT INTO order_items (id, order_id, user_id, product_id, seller_id, name, sku, quantity, unit_price, total_price)
  SELECT i.id, i.order_id, i.user_id, p.id, p.seller_id, p.name, p.sku, i.quantity, price.unit, i.quantity * price.unit
    FROM (SELECT item.id, o.id AS order_id, o.user_id, 1 + floor(3 * power(pg_temp.rnd(item.id, 'item.quantity'), 4))::integer AS quantity,
                 pg_temp.zipf_product($3::bigint, floor(5 * pg_temp.rnd(o.id, 'order.lane'))::bigint + line, item.id, 'item.product') AS product_id
            FROM seed_orders o, generate_series(1, ($1::integer[])[1 + (o.id - 1) % 20]) line,
                 LATERAL (SELECT 50 * ((o.id - 1) / 20) + ($2::integer[])[1 + (o.id - 1) % 20] + line AS id) item) i
    JOIN seed_products p ON p.id = i.product_id, LATERAL (SELECT coalesce(p.sale_price, p.price) AS unit) price
   ORDER BY i.id`;

/** The number is a hash: knowing one says nothing about the next. */
const orders = `
  INSERT INTO orders (id, order_number, user_id, status, total_amount, shipping_address, billing_address, payment_method, payment_status,
                      created_at, updated_at, shipped_at, delivered_at)
  SELECT id, 'TM-' || upper(lpad(to_hex(hashint8extended(id, hashtextextended('order.number', $1))), 16, '0')), user_id, status, total,
         address, address, pg_temp.pick($5, id, 'order.method'), payment_status, created_at,
         coalesce(delivered_at, shipped_at, cancelled_at, processing_at, paid_at), shipped_at, delivered_at
    FROM seed_orders
    JOIN (SELECT order_id, sum(total_price) AS total FROM order_items GROUP BY order_id) items ON order_id = id,
         LATERAL (SELECT format('%s %s, %s, %s %s', 1 + floor(200 * pg_temp.rnd(user_id, 'house')), pg_temp.pick($2, user_id, 'street'),
                                pg_temp.pick($3, user_id, 'city'), $4::text, 10000 + floor(89999 * pg_temp.rnd(user_id, 'zip')))) AS home (address)
   ORDER BY id`;

const events = `
  INSERT INTO order_events (order_id, actor_id, field, from_value, to_value, created_at)
  SELECT o.id, actor_id, field, from_value, to_value, at
    FROM seed_orders o, LATERAL (VALUES
      (1, user_id, 'status', NULL, 'pending', created_at),
      (2, NULL, 'payment_status', 'pending', 'paid', CASE WHEN payment_status IN ('paid', 'refunded') THEN paid_at END),
      (3, NULL, 'payment_status', 'pending', 'failed', CASE WHEN payment_status = 'failed' THEN paid_at END),
      (4, 1, 'status', 'pending', 'processing', processing_at),
      (5, 1, 'status', 'processing', 'shipped', shipped_at),
      (6, 1, 'status', 'shipped', 'delivered', delivered_at),
      (7, user_id, 'status', 'pending', 'cancelled', cancelled_at),
      (8, NULL, 'payment_status', 'paid', 'refunded', CASE WHEN payment_status = 'refunded' THEN cancelled_at END)
    ) AS move (place, actor_id, field, from_value, to_value, at)
   WHERE at IS NOT NULL
   ORDER BY o.id, place`;

/** What was there at first is what is left and what was sold since. */
const movements = `
  WITH sold AS (
    SELECT i.product_id, i.quantity, o.id AS order_id, o.user_id, o.created_at, o.cancelled_at FROM order_items i JOIN seed_orders o ON o.id = i.order_id
  ), moved AS (
    SELECT p.id AS product_id, p.stock_quantity + coalesce(gone.quantity, 0) AS delta, 'seed' AS cause, NULL::bigint AS order_id,
           NULL::bigint AS actor_id, p.created_at
      FROM seed_products p
      LEFT JOIN (SELECT product_id, sum(quantity) AS quantity FROM sold WHERE cancelled_at IS NULL GROUP BY product_id) gone ON gone.product_id = p.id
    UNION ALL SELECT product_id, -quantity, 'order', order_id, user_id, created_at FROM sold
    UNION ALL SELECT product_id, quantity, 'cancel', order_id, user_id, cancelled_at FROM sold WHERE cancelled_at IS NOT NULL
  )
  INSERT INTO stock_movements (product_id, delta, cause, order_id, actor_id, created_at)
  SELECT * FROM moved WHERE delta <> 0 ORDER BY created_at, product_id, order_id`;

/** One cart for four users, the demo customer among them; an inactive product, one in twenty, makes way for one of the same lane. */
const carts = `
  INSERT INTO cart_items (user_id, product_id, quantity, created_at, updated_at)
  SELECT user_id, CASE WHEN product_id % 20 = 0 THEN product_id - 5 ELSE product_id END, 1 + floor(3 * power(pg_temp.rnd(line_id, 'cart.quantity'), 3)),
         added_at, added_at
    FROM generate_series(3, $1::bigint, 4) user_id, generate_series(1, 1 + floor(4 * pg_temp.rnd(user_id, 'cart.lines'))::integer) line,
         LATERAL (SELECT 5 * user_id + line AS line_id) l,
         LATERAL (SELECT pg_temp.zipf_product($2::bigint, user_id + line, line_id, 'cart.product') AS product_id) p,
         LATERAL (SELECT $3::timestamptz - (interval '14 days' * power(pg_temp.rnd(line_id, 'cart.time'), 2)) AS added_at) t
   ORDER BY user_id, line`;

export async function seedOrders({ query, counts, now, report }: SeedContext, seed: number): Promise<void> {
  const hours = orderHours(counts.orders, now);
  const columns = [
    hours.map((hour) => hour.startsAt),
    hours.map((hour) => hour.seconds),
    hours.map((hour) => hour.firstId),
    hours.map((hour) => hour.orders),
  ];
  await query(draftTable, [...columns, now.toISOString(), counts.users]);
  await query('ANALYZE pg_temp.seed_orders');
  report(0.2);
  await query(items, [itemCounts, itemsBefore, counts.products]);
  report(0.6);
  await query(orders, [seed, vocabulary.streets, vocabulary.cities, 'CA', vocabulary.payments]);
}

export async function seedOrderHistory({ query, counts, now, report }: SeedContext): Promise<void> {
  await query(events);
  report(0.5);
  await query(movements);
  await query(carts, [counts.users, counts.products, now.toISOString()]);
}
