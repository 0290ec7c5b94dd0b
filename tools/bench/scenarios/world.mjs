import { clientAddresses } from '../load/behaviour.mjs';
import { seededRandom, shuffled } from '../load/random.mjs';
import { mintTokens } from '../systems/app.mjs';

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

/**
 * Access tokens of that many customers. A small shop has fewer: it gets the missing ones, since accounts that share what many clients ask
 * for are over their limits on a fast machine, and a refusal is not what is measured.
 */
export async function customersOf(copy, count = clients) {
  await copy.query(
    `INSERT INTO users (username, email, password_hash, first_name, last_name)
     SELECT 'client-' || n, 'client-' || n || '@bench.test', 'none: nobody logs in', 'Client', n::text
       FROM generate_series(1, $1 - (SELECT count(*)::integer FROM users WHERE user_type = 'customer' AND is_active)) AS n`,
    [count],
  );
  return mintTokens(copy, count);
}
