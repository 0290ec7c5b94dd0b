-- What holds of a TechMart database at every moment, also while it serves: one statement, and so one snapshot. Every row that it gives
-- names a rule and what breaks it; no row means that all of them hold.
--
--   psql -f apps/api/test/invariants.sql "$DATABASE_URL"
--
-- Seeded orders have no events, and delivered events are removed after a while: events are asked for of what happened since a time that
-- the caller names, as in PGOPTIONS="-c techmart.events_since=2026-11-25T12:00:00Z" psql …
WITH settings AS (
  SELECT coalesce(nullif(current_setting('techmart.events_since', true), '')::timestamptz, 'infinity') AS events_since
), line AS (
  SELECT i.*, o.status, o.user_id AS buyer_id FROM order_items i JOIN orders o ON o.id = i.order_id
), move AS (
  SELECT e.*, lag(to_value) OVER story AS previous, lead(id) OVER story IS NULL AS is_last
    FROM order_events e WINDOW story AS (PARTITION BY order_id, field ORDER BY id)
), movement AS (
  SELECT m.*, sum(delta) OVER (PARTITION BY product_id ORDER BY id) AS stock FROM stock_movements m
), recent_movement AS (
  SELECT movement.* FROM movement JOIN settings ON created_at >= events_since
), recent_event AS (
  SELECT outbox.* FROM outbox JOIN settings ON created_at >= events_since
)

-- Orders ---------------------------------------------------------------------------------------------------------------------------
SELECT 'an order has items' AS rule, 'order ' || id AS broken_by, NULL AS detail
  FROM orders o WHERE NOT EXISTS (SELECT FROM order_items WHERE order_id = o.id)

UNION ALL
SELECT 'an order costs what its items cost', 'order ' || o.id, format('total %s, items %s', o.total_amount, sum(i.total_price))
  FROM orders o JOIN order_items i ON i.order_id = o.id GROUP BY o.id HAVING o.total_amount <> sum(i.total_price)

UNION ALL
SELECT 'an item costs its price times its quantity', 'item ' || id, format('%s times %s is not %s', quantity, unit_price, total_price)
  FROM order_items WHERE total_price <> quantity * unit_price OR quantity < 1 OR unit_price < 0

UNION ALL
SELECT 'an item is bought by the buyer of its order', 'item ' || id, format('user %s, order of user %s', user_id, buyer_id)
  FROM line WHERE user_id <> buyer_id

UNION ALL
SELECT 'the items of an order are those it was placed with', 'order ' || e.aggregate_id, format('placed %s, kept %s', e.payload -> 'items', kept.items)
  FROM outbox e,
       LATERAL (SELECT jsonb_agg(jsonb_build_object('product_id', product_id, 'name', name, 'sku', sku, 'quantity', quantity,
                                                    'unit_price', unit_price, 'total_price', total_price) ORDER BY product_id) AS items
                  FROM order_items WHERE order_id = e.aggregate_id) kept
 WHERE e.event_type = 'order.placed' AND e.payload -> 'items' IS DISTINCT FROM kept.items

UNION ALL
SELECT 'an idempotency key answers with an order of its user', format('key %s of user %s', k.key, k.user_id), k.response::text
  FROM idempotency_keys k
  LEFT JOIN orders o ON o.id = (k.response ->> 'id')::bigint AND o.user_id = k.user_id
   AND o.order_number = k.response ->> 'order_number' AND o.total_amount = (k.response ->> 'total_amount')::numeric
 WHERE o.id IS NULL

UNION ALL
SELECT 'an order answers one idempotency key at most', 'order ' || (response ->> 'id'), string_agg(key, ', ')
  FROM idempotency_keys GROUP BY response ->> 'id' HAVING count(*) > 1

-- The life of an order -------------------------------------------------------------------------------------------------------------
UNION ALL
SELECT 'a move of an order starts where the one before it ended', format('order %s, event %s', order_id, id),
       format('%s: %s, then from %s', field, coalesce(previous, 'nothing'), coalesce(from_value, 'nothing'))
  FROM move WHERE from_value IS DISTINCT FROM coalesce(previous, CASE field WHEN 'payment_status' THEN 'pending' END)

UNION ALL
SELECT 'a move of an order is an allowed one', format('order %s, event %s', order_id, id), format('%s: %s to %s', field, from_value, to_value)
  FROM move WHERE (field, coalesce(from_value, ''), to_value) NOT IN (
    ('status', '', 'pending'), ('status', 'pending', 'processing'), ('status', 'processing', 'shipped'), ('status', 'shipped', 'delivered'),
    ('status', 'pending', 'cancelled'), ('status', 'processing', 'cancelled'),
    ('payment_status', 'pending', 'paid'), ('payment_status', 'pending', 'failed'), ('payment_status', 'paid', 'refunded'))

UNION ALL
SELECT 'an order is where its last move left it', 'order ' || o.id,
       format('%s %s, but moved to %s %s', o.status, o.payment_status, s.to_value, coalesce(p.to_value, 'pending'))
  FROM orders o
  LEFT JOIN move s ON s.order_id = o.id AND s.field = 'status' AND s.is_last
  LEFT JOIN move p ON p.order_id = o.id AND p.field = 'payment_status' AND p.is_last
 WHERE o.status IS DISTINCT FROM s.to_value OR o.payment_status <> coalesce(p.to_value, 'pending')

UNION ALL
SELECT 'an order has the dates of the moves that it made', 'order ' || id, format('%s: shipped %s, delivered %s', status, shipped_at, delivered_at)
  FROM orders
 WHERE (shipped_at IS NOT NULL) <> (status IN ('shipped', 'delivered')) OR (delivered_at IS NOT NULL) <> (status = 'delivered')

UNION ALL
SELECT 'nobody has paid for a cancelled order', 'order ' || id, payment_status FROM orders WHERE status = 'cancelled' AND payment_status = 'paid'

UNION ALL
SELECT 'a finished order of an erased account has no address', 'order ' || o.id, o.status
  FROM orders o JOIN users u ON u.id = o.user_id
 WHERE u.erased_at IS NOT NULL AND o.status IN ('delivered', 'cancelled')
   AND (o.shipping_address <> '(erased)' OR o.billing_address <> '(erased)' OR o.notes IS NOT NULL)

-- Stock ----------------------------------------------------------------------------------------------------------------------------
UNION ALL
SELECT 'no stock is below zero', 'product ' || id, stock_quantity::text FROM products WHERE stock_quantity < 0

UNION ALL
SELECT 'no sale took a stock below zero', format('product %s, movement %s', product_id, id), stock::text FROM recent_movement WHERE stock < 0

UNION ALL
SELECT 'the ledger adds up to the stock', 'product ' || p.id, format('stock %s, ledger %s', p.stock_quantity, coalesce(sum(m.delta), 0))
  FROM products p LEFT JOIN stock_movements m ON m.product_id = p.id
 GROUP BY p.id HAVING p.stock_quantity <> coalesce(sum(m.delta), 0)

UNION ALL
SELECT 'the stock is what was brought, less what was sold, and what was returned', 'product ' || p.id,
       format('stock %s, brought %s, sold %s, returned %s', p.stock_quantity, coalesce(brought, 0), coalesce(sold, 0), coalesce(returned, 0))
  FROM products p
  LEFT JOIN (SELECT product_id, sum(delta) AS brought FROM stock_movements WHERE cause NOT IN ('order', 'cancel') GROUP BY product_id) m
    ON m.product_id = p.id
  LEFT JOIN (SELECT product_id, sum(quantity) AS sold, sum(quantity) FILTER (WHERE status = 'cancelled') AS returned
               FROM line GROUP BY product_id) t ON t.product_id = p.id
 WHERE p.stock_quantity <> coalesce(brought, 0) - coalesce(sold, 0) + coalesce(returned, 0)

UNION ALL
SELECT 'an order took each item from the stock once, and returned it once if it was cancelled',
       format('order %s, product %s', coalesce(l.order_id, b.order_id), coalesce(l.product_id, b.product_id)),
       format('%s of an order that is %s: %s', coalesce(l.quantity, 0), coalesce(l.status, 'not there'), b.movements)
  FROM line l
  FULL JOIN (SELECT order_id, product_id, array_agg(cause || ' ' || delta ORDER BY id) AS movements
               FROM stock_movements WHERE cause IN ('order', 'cancel') GROUP BY order_id, product_id) b
    ON b.order_id = l.order_id AND b.product_id = l.product_id
 WHERE b.movements IS DISTINCT FROM
       CASE l.status WHEN 'cancelled' THEN ARRAY['order -' || l.quantity, 'cancel ' || l.quantity] ELSE ARRAY['order -' || l.quantity] END

-- Events ---------------------------------------------------------------------------------------------------------------------------
UNION ALL
SELECT 'the outbox tells of each placed order and each move, once and in order', 'order ' || coalesce(happened.order_id, told.order_id),
       format('happened %s, told %s', happened.story, told.story)
  FROM (SELECT order_id, array_agg(concat_ws(' ', field, coalesce(from_value, ''), to_value) ORDER BY e.id) AS story
          FROM order_events e JOIN orders o ON o.id = order_id JOIN settings ON o.created_at >= events_since GROUP BY order_id) happened
  FULL JOIN (SELECT aggregate_id AS order_id,
                    array_agg(CASE event_type
                      WHEN 'order.placed' THEN 'status  pending'
                      ELSE concat_ws(' ', substring(event_type FROM '^order\.(.*)_changed$'), payload ->> 'from', payload ->> 'to')
                    END ORDER BY e.id) AS story
               FROM recent_event e JOIN orders o ON o.id = aggregate_id JOIN settings ON o.created_at >= events_since
              WHERE aggregate_type = 'order' GROUP BY aggregate_id) told ON told.order_id = happened.order_id
 WHERE happened.story IS DISTINCT FROM told.story

UNION ALL
SELECT 'the event of a placed order is of that order', 'event ' || e.id, e.payload::text
  FROM outbox e LEFT JOIN orders o ON o.id = e.aggregate_id
 WHERE e.event_type = 'order.placed'
   AND ((e.payload ->> 'order_id')::bigint, (e.payload ->> 'user_id')::bigint, e.payload ->> 'order_number', (e.payload ->> 'total_amount')::numeric)
       IS DISTINCT FROM (o.id, o.user_id, o.order_number, o.total_amount)

UNION ALL
SELECT 'the outbox tells each time that a sale or an import leaves ten or fewer', 'product ' || coalesce(low.product_id, told.product_id),
       format('happened %s, told %s', low.stocks, told.stocks)
  FROM (SELECT product_id, array_agg(stock::bigint ORDER BY id) AS stocks
          FROM recent_movement WHERE cause IN ('order', 'import') AND stock <= 10 AND stock - delta > 10 GROUP BY product_id) low
  FULL JOIN (SELECT aggregate_id AS product_id, array_agg((payload ->> 'stock_quantity')::bigint ORDER BY id) AS stocks
               FROM recent_event WHERE event_type = 'product.stock_low' GROUP BY aggregate_id) told ON told.product_id = low.product_id
 WHERE low.stocks IS DISTINCT FROM told.stocks

UNION ALL
SELECT 'the outbox tells of each approval of a review', 'review ' || coalesce(done.review_id, told.review_id),
       format('approved %s times, told %s times', done.times, told.times)
  FROM (SELECT entity_id AS review_id, count(*) AS times
          FROM audit_log JOIN settings ON created_at >= events_since WHERE action = 'review.approve' GROUP BY entity_id) done
  FULL JOIN (SELECT aggregate_id AS review_id, count(*) AS times
               FROM recent_event WHERE event_type = 'review.approved' GROUP BY aggregate_id) told ON told.review_id = done.review_id
 WHERE done.times IS DISTINCT FROM told.times

-- Reviews --------------------------------------------------------------------------------------------------------------------------
UNION ALL
SELECT 'the rating of a product is that of its approved reviews', 'product ' || p.id,
       format('kept %s of %s, is %s of %s', p.rating_average, p.rating_count, r.average, coalesce(r.count, 0))
  FROM products p
  LEFT JOIN (SELECT product_id, count(*) AS count, sum(rating) AS sum, round(avg(rating), 2) AS average
               FROM reviews WHERE is_approved GROUP BY product_id) r ON r.product_id = p.id
 WHERE (p.rating_count, p.rating_sum, p.rating_average) IS DISTINCT FROM (coalesce(r.count, 0)::integer, coalesce(r.sum, 0)::bigint, r.average)

UNION ALL
SELECT 'a user reviews a product once', format('user %s, product %s', user_id, product_id), count(*)::text
  FROM reviews GROUP BY user_id, product_id HAVING count(*) > 1

UNION ALL
SELECT 'the author of a verified review was sent the product', 'review ' || id, format('user %s, product %s', user_id, product_id)
  FROM reviews r WHERE is_verified_purchase AND NOT EXISTS (
    SELECT FROM line l WHERE l.buyer_id = r.user_id AND l.product_id = r.product_id AND l.status IN ('shipped', 'delivered'))

UNION ALL
SELECT 'a public review was moderated', 'review ' || id, NULL FROM reviews WHERE is_approved AND moderated_at IS NULL

-- Carts, categories, community -----------------------------------------------------------------------------------------------------
UNION ALL
SELECT 'a cart holds 1 to 99 of a product', format('user %s, product %s', user_id, product_id), quantity::text
  FROM cart_items WHERE quantity NOT BETWEEN 1 AND 99

UNION ALL
SELECT 'a cart has one line for a product', format('user %s, product %s', user_id, product_id), count(*)::text
  FROM cart_items GROUP BY user_id, product_id HAVING count(*) > 1

UNION ALL
SELECT 'the path of a category is that of its parent and itself', 'category ' || c.id, c.path::text
  FROM categories c LEFT JOIN categories parent ON parent.id = c.parent_id WHERE c.path IS DISTINCT FROM coalesce(parent.path, '{}') || c.id

UNION ALL
SELECT 'no category is below itself', 'category ' || id, path::text FROM categories WHERE id = ANY (path[:cardinality(path) - 1])

UNION ALL
SELECT 'categories side by side have different names', 'categories ' || string_agg(id::text, ', '), name
  FROM categories GROUP BY parent_id, name HAVING count(*) > 1

UNION ALL
SELECT 'a post counts its comments', 'post ' || p.id, format('kept %s, is %s', p.comments_count, count(c.id))
  FROM posts p LEFT JOIN comments c ON c.post_id = p.id GROUP BY p.id HAVING p.comments_count <> count(c.id)

UNION ALL
SELECT 'a post was seen at least as often as on the days that are kept', 'post ' || p.id, format('kept %s, days %s', p.view_count, sum(d.view_count))
  FROM posts p JOIN post_daily_views d ON d.post_id = p.id GROUP BY p.id HAVING p.view_count < sum(d.view_count)

UNION ALL
SELECT 'every product is in the list by popularity', 'product ' || id, NULL
  FROM products p WHERE NOT EXISTS (SELECT FROM product_popularity WHERE product_id = p.id)

-- Accounts -------------------------------------------------------------------------------------------------------------------------
UNION ALL
SELECT 'a closed account has no live session', 'session ' || s.id, 'user ' || u.id
  FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.revoked_at IS NULL AND s.expires_at > now() AND NOT u.is_active

UNION ALL
SELECT 'a session knows when it was rotated, and its last two tokens differ', 'session ' || id, format('rotated %s', rotated_at)
  FROM sessions WHERE (previous_token_hash IS NULL) <> (rotated_at IS NULL) OR previous_token_hash = refresh_token_hash

UNION ALL
SELECT 'a refresh token opens one session', 'sessions ' || string_agg(id::text, ', '), NULL
  FROM sessions GROUP BY refresh_token_hash HAVING count(*) > 1

UNION ALL
SELECT 'an erased account holds nothing personal', 'user ' || id, username
  FROM users u
 WHERE erased_at IS NOT NULL
   AND (is_active OR username <> 'deleted-' || id OR email <> 'deleted-' || id || '@deleted.invalid' OR first_name <> 'Deleted'
    OR last_name <> 'user' OR phone IS NOT NULL OR password_hash <> ''
    OR EXISTS (SELECT FROM sessions WHERE user_id = u.id) OR EXISTS (SELECT FROM one_time_tokens WHERE user_id = u.id)
    OR EXISTS (SELECT FROM cart_items WHERE user_id = u.id))

ORDER BY 1, 2;
