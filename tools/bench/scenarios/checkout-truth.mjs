import { request } from 'undici';

/** How things stand before the load, for the sums afterwards. */
export async function takeStock(copy, orderable) {
  const [state] = await copy.query('SELECT coalesce(max(id), 0) AS last_order FROM orders');
  const products = await copy.query('SELECT id, stock_quantity FROM products WHERE id <= $1', [orderable]);
  return { lastOrder: Number(state.last_order), stock: new Map(products.map((row) => [Number(row.id), row.stock_quantity])) };
}

/** What must hold after any load, in the words of a fault; empty when all of it does. */
export async function findFaults(copy, { lastOrder, stock }, accepted) {
  const [sums] = await copy.query(
    `SELECT (SELECT count(*)::integer FROM orders WHERE id > $1) AS orders,
            (SELECT count(*)::integer FROM (SELECT DISTINCT user_id, key FROM idempotency_keys k
                                             WHERE (k.response ->> 'id')::bigint > $1) AS kept) AS keys,
            (SELECT count(*)::integer FROM products WHERE stock_quantity < 0) AS negative,
            (SELECT count(*)::integer FROM products p
               LEFT JOIN (SELECT product_id, sum(delta) AS stock FROM stock_movements GROUP BY product_id) m ON m.product_id = p.id
              WHERE p.stock_quantity <> coalesce(m.stock, 0)) AS unequal,
            (SELECT deadlocks::integer FROM pg_stat_database WHERE datname = current_database()) AS deadlocks`,
    [lastOrder],
  );
  const sold = await copy.query(
    'SELECT product_id, sum(quantity)::integer AS sold FROM order_items WHERE order_id > $1 GROUP BY product_id',
    [lastOrder],
  );
  const now = await copy.query('SELECT id, stock_quantity FROM products WHERE id = ANY ($1)', [[...stock.keys()]]);
  const soldOf = new Map(sold.map((row) => [Number(row.product_id), row.sold]));
  const wrong = now.filter(({ id, stock_quantity: left }) => stock.get(Number(id)) - (soldOf.get(Number(id)) ?? 0) !== left);
  return [
    [sums.orders !== accepted, `${accepted} orders were accepted, ${sums.orders} are stored`],
    [sums.keys !== sums.orders, `${sums.orders} orders, but ${sums.keys} idempotency keys`],
    [sums.negative > 0, `${sums.negative} products have a negative stock`],
    [wrong.length > 0, `${wrong.length} products were not sold as often as ordered`],
    [sums.unequal > 0, `${sums.unequal} stocks differ from the sum of their movements`],
    [sums.deadlocks > 0, `${sums.deadlocks} deadlocks`],
  ].flatMap(([isFault, text]) => (isFault ? [text] : []));
}

/** The same order under one key, so often at once: how many orders came of it, besides the replays and refusals of those that came too early. */
export async function orderAtOnce(url, step, times) {
  const send = async () => {
    const { statusCode, body } = await request(url + step.path, { method: step.method, headers: step.headers, body: step.body });
    return { statusCode, order: await body.json() };
  };
  const answers = await Promise.all(Array.from({ length: times }, send));
  return new Set(answers.filter(({ statusCode }) => statusCode < 300).map(({ order }) => order.id)).size;
}
