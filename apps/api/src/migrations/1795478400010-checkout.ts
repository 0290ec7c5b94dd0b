import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Check-out, as one call: a hot product's row is then locked for the time of a few writes and the commit, with no round trip of
 * the application in between. The caller gives the lines merged and sorted by product id, or none to buy the cart.
 *
 * Outcomes: placed, replayed (an earlier answer), running, key_reused, cart_empty, unavailable, short. All but the first change
 * nothing. Stock sold between the first look and the update is a serialisation failure: the caller's retry finds out the truth.
 *
 * No value changes a plan here, so each statement is planned once per connection.
 */
const placeOrder = `
  CREATE FUNCTION place_order(
    buyer bigint, product_ids bigint[], quantities integer[], details jsonb, client_key text, client_hash bytea,
    OUT outcome text, OUT answer jsonb
  ) LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
  DECLARE
    known idempotency_keys;
    order_id bigint;
    stock_left integer;
  BEGIN
    IF client_key IS NOT NULL THEN
      IF NOT pg_try_advisory_xact_lock(hashtextextended('orders.place:' || client_key, buyer)) THEN
        outcome := 'running';
        RETURN;
      END IF;
      SELECT * INTO known FROM idempotency_keys
       WHERE user_id = buyer AND key = client_key AND created_at > now() - interval '24 hours';
      IF FOUND THEN
        outcome := CASE WHEN known.request_hash = client_hash THEN 'replayed' ELSE 'key_reused' END;
        answer := known.response;
        RETURN;
      END IF;
    END IF;

    IF product_ids IS NULL THEN
      -- Locked: of two check-outs of one cart, the second waits and finds it empty.
      SELECT array_agg(cart.product_id ORDER BY cart.product_id), array_agg(cart.quantity ORDER BY cart.product_id)
        INTO product_ids, quantities
        FROM (SELECT product_id, quantity FROM cart_items WHERE user_id = buyer ORDER BY product_id FOR UPDATE) AS cart;
      IF product_ids IS NULL THEN
        outcome := 'cart_empty';
        RETURN;
      END IF;
    END IF;

    WITH line AS MATERIALIZED (
      SELECT product.id, product.name, product.sku, product.seller_id, product.effective_price, wanted.quantity
        FROM unnest(product_ids, quantities) AS wanted (product_id, quantity)
        JOIN products AS product ON product.id = wanted.product_id
       WHERE product.is_active AND product.stock_quantity >= wanted.quantity
    ), placed AS (
      INSERT INTO orders (order_number, user_id, total_amount, shipping_address, billing_address, payment_method, notes)
      SELECT details ->> 'order_number', buyer, sum(effective_price * quantity), details ->> 'shipping_address',
             details ->> 'billing_address', details ->> 'payment_method', details ->> 'notes'
        FROM line HAVING count(*) = cardinality(product_ids)
      RETURNING *
    ), item AS (
      INSERT INTO order_items (order_id, user_id, product_id, seller_id, name, sku, quantity, unit_price, total_price)
      SELECT placed.id, buyer, line.id, line.seller_id, line.name, line.sku, line.quantity, line.effective_price,
             line.effective_price * line.quantity
        FROM placed CROSS JOIN line ORDER BY line.id
      RETURNING product_id, name, sku, quantity, unit_price, total_price
    )
    SELECT to_jsonb(placed) || jsonb_build_object('items', (SELECT jsonb_agg(to_jsonb(item) ORDER BY item.product_id) FROM item))
      INTO answer FROM placed;

    IF NOT FOUND THEN
      SELECT shortage.outcome, shortage.answer INTO outcome, answer FROM find_shortage(product_ids, quantities) AS shortage;
      RETURN;
    END IF;
    order_id := answer ->> 'id';

    DELETE FROM cart_items WHERE user_id = buyer AND product_id = ANY (product_ids);

    PERFORM set_config('techmart.stock_cause', 'order', true), set_config('techmart.stock_order_id', order_id::text, true),
            set_config('techmart.stock_actor_id', buyer::text, true);
    -- One by one, in ascending id: check-outs queue at a product, and never for each other's.
    FOR position IN 1 .. cardinality(product_ids) LOOP
      UPDATE products SET stock_quantity = stock_quantity - quantities[position]
       WHERE id = product_ids[position] AND is_active AND stock_quantity >= quantities[position]
      RETURNING stock_quantity INTO stock_left;
      IF NOT FOUND THEN
        RAISE EXCEPTION 'product % was sold to somebody else meanwhile', product_ids[position] USING ERRCODE = 'serialization_failure';
      END IF;
      IF stock_left <= 10 AND stock_left + quantities[position] > 10 THEN
        INSERT INTO outbox (aggregate_type, aggregate_id, event_type, payload)
        VALUES ('product', product_ids[position], 'product.stock_low',
                jsonb_build_object('product_id', product_ids[position], 'stock_quantity', stock_left));
      END IF;
    END LOOP;

    INSERT INTO order_events (order_id, actor_id, field, to_value) VALUES (order_id, buyer, 'status', 'pending');
    INSERT INTO outbox (aggregate_type, aggregate_id, event_type, payload)
    VALUES ('order', order_id, 'order.placed',
            jsonb_build_object('order_id', order_id, 'order_number', answer -> 'order_number', 'user_id', buyer,
                               'total_amount', answer -> 'total_amount', 'items', answer -> 'items'));
    IF client_key IS NOT NULL THEN
      INSERT INTO idempotency_keys (user_id, key, request_hash, response_status, response)
      VALUES (buyer, client_key, client_hash, 201, answer)
      ON CONFLICT (user_id, key) DO UPDATE
        SET request_hash = excluded.request_hash, response_status = excluded.response_status,
            response = excluded.response, created_at = excluded.created_at;
    END IF;
    outcome := 'placed';
  END $$`;

/** Why these lines cannot be bought: products that are not on sale, else those with too little stock. */
const findShortage = `
  CREATE FUNCTION find_shortage(product_ids bigint[], quantities integer[], OUT outcome text, OUT answer jsonb)
  LANGUAGE plpgsql AS $$
  DECLARE
    gone jsonb;
    lacking jsonb;
  BEGIN
    SELECT jsonb_agg(wanted.product_id) FILTER (WHERE product.id IS NULL),
           jsonb_agg(jsonb_build_object('product_id', product.id, 'name', product.name, 'requested', wanted.quantity,
                                        'available', product.stock_quantity) ORDER BY product.id)
             FILTER (WHERE product.stock_quantity < wanted.quantity)
      INTO gone, lacking
      FROM unnest(product_ids, quantities) AS wanted (product_id, quantity)
      LEFT JOIN products AS product ON product.id = wanted.product_id AND product.is_active;
    IF gone IS NULL AND lacking IS NULL THEN
      RAISE EXCEPTION 'stock came back meanwhile' USING ERRCODE = 'serialization_failure';
    END IF;
    outcome := CASE WHEN gone IS NOT NULL THEN 'unavailable' ELSE 'short' END;
    answer := coalesce(gone, lacking);
  END $$`;

export class Checkout1795478400010 implements MigrationInterface {
  readonly name = 'Checkout1795478400010';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [findShortage, placeOrder]) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP FUNCTION place_order(bigint, bigint[], integer[], jsonb, text, bytea)');
    await runner.query('DROP FUNCTION find_shortage(bigint[], integer[])');
  }
}
