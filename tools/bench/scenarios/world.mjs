import { clientAddresses } from '../load/behaviour.mjs';
import { seededRandom, shuffled } from '../load/random.mjs';

/** How many clients a load comes from: few would soon be over their limits, and none would be the cost of limiting them. */
export const clients = 10_000;

/**
 * What there is to ask for: the products for sale in an order of popularity that the seed decides, and the categories that are worth a
 * page, at any level of the tree. With it, who asks.
 */
export async function readWorld(copy, seed) {
  const products = await copy.query('SELECT id FROM products WHERE is_active ORDER BY id');
  const categories = await copy.query(
    `SELECT step AS id FROM products p JOIN categories c ON c.id = p.category_id, unnest(c.path) AS step
      WHERE p.is_active GROUP BY step HAVING count(*) >= 20 ORDER BY step`,
  );
  return {
    products: shuffled(
      products.map(({ id }) => Number(id)),
      seededRandom(seed),
    ),
    categories: categories.map(({ id }) => Number(id)),
    addresses: clientAddresses(clients, seededRandom(seed)),
  };
}

/** So much stock for these products that none runs out while we measure; all of them for sale. */
export async function stockUp(copy, ids, quantity = 1_000_000) {
  await copy.query('UPDATE products SET stock_quantity = $2, is_active = true WHERE id = ANY ($1)', [ids, quantity]);
  await copy.query('VACUUM (ANALYZE) products');
}
