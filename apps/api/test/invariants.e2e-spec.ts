import { openAndLogIn } from './accounts.fixture.js';
import { startTestApp, type Json, type TestApp } from './app.harness.js';
import { newProduct, newUser, placeOrder } from './checkout.fixture.js';
import { invariants, violations, violationsWithin } from './invariants.fixture.js';

/** Something of everything that the rules are about; events too, which the seed has not. */
async function history(app: TestApp): Promise<Json> {
  const [admin, buyer, leaver] = [await newUser(app, 'admin'), await newUser(app), await openAndLogIn(app)];
  const [product, other] = [await newProduct(app, { stock: 12 }), await newProduct(app)];
  const place = async (as: { id: number; token: string }, key: string): Promise<number> =>
    (await placeOrder(app, as, [[product, 1], [other, 2]], key)).body['id']; // prettier-ignore
  const move = (id: number, to: string) => app.patch(`/orders/${id}/status`, { status: to }, { as: admin.token });
  const orders = [await place(buyer, 'one'), await place(buyer, 'two'), await place(buyer, 'three')];
  const left = await place({ id: leaver.id, token: leaver.access }, 'left');
  for (const to of ['processing', 'shipped', 'delivered']) await Promise.all([move(orders[0]!, to), move(left, to)]);
  await app.patch(`/orders/${orders[1]}/payment`, { payment_status: 'paid' }, { as: admin.token });
  await app.post(`/orders/${orders[1]}/cancel`, undefined, { as: buyer.token });
  const { body: review } = await app.post(`/products/${product}/reviews`, { rating: 4 }, { as: buyer.token });
  await app.post(`/reviews/${review['id']}/approve`, undefined, { as: admin.token });
  const stays = await openAndLogIn(app);
  await app.post('/auth/refresh', { refresh_token: stays.refresh });
  await app.delete('/users/profile', { as: leaver.access });
  return { product, other, delivered: orders[0], cancelled: orders[1], pending: orders[2], left, review: review['id'], buyer: buyer.id, stays: stays.id, leaver: leaver.id }; // prettier-ignore
}

/**
 * What breaks each rule, by statements that go past the application: triggers are off, and constraints that would refuse are dropped.
 * `:name` is something of the history.
 */
const breakers: Readonly<Record<string, string>> = {
  'an order has items': 'DELETE FROM order_items WHERE order_id = :pending',
  'an order costs what its items cost': 'UPDATE orders SET total_amount = total_amount + 0.01 WHERE id = :pending',
  'an item costs its price times its quantity': `
    ALTER TABLE order_items DROP CONSTRAINT order_items_total_price_check;
    UPDATE order_items SET total_price = total_price + 0.01 WHERE order_id = :pending`,
  'an item is bought by the buyer of its order': 'UPDATE order_items SET user_id = 3 WHERE order_id = :pending',
  'the items of an order are those it was placed with': `UPDATE order_items SET name = 'another' WHERE order_id = :pending AND product_id = :other`,
  'an idempotency key answers with an order of its user': `UPDATE idempotency_keys SET response = response || '{"id": 1}' WHERE key = 'one'`,
  'an order answers one idempotency key at most': `
    INSERT INTO idempotency_keys SELECT user_id, 'again', request_hash, response_status, response FROM idempotency_keys WHERE key = 'one'`,
  'a move of an order starts where the one before it ended': `UPDATE order_events SET from_value = 'processing' WHERE order_id = :delivered AND to_value = 'delivered'`,
  'a move of an order is an allowed one': `UPDATE order_events SET to_value = 'cancelled' WHERE order_id = :delivered AND to_value = 'delivered'`,
  'an order is where its last move left it': `UPDATE orders SET status = 'processing' WHERE id = :pending`,
  'an order has the dates of the moves that it made': 'UPDATE orders SET shipped_at = NULL WHERE id = :delivered',
  'nobody has paid for a cancelled order': `UPDATE orders SET payment_status = 'paid' WHERE id = :cancelled`,
  'a finished order of an erased account has no address': `UPDATE orders SET shipping_address = 'Calle Mayor 1' WHERE id = :left`,
  'no stock is below zero': `
    ALTER TABLE products DROP CONSTRAINT products_stock_quantity_check; UPDATE products SET stock_quantity = -1 WHERE id = :product`,
  'no sale took a stock below zero': 'UPDATE stock_movements SET delta = -1000 WHERE order_id = :pending AND product_id = :product',
  'the ledger adds up to the stock': 'UPDATE products SET stock_quantity = stock_quantity + 1 WHERE id = :product',
  'the stock is what was brought, less what was sold, and what was returned': `
    UPDATE stock_movements SET cause = 'edit' WHERE order_id = :pending AND product_id = :product`,
  'an order took each item from the stock once, and returned it once if it was cancelled': `
    INSERT INTO stock_movements (product_id, delta, cause, order_id) VALUES (:product, 1, 'cancel', :cancelled)`,
  'the outbox tells of each placed order and each move, once and in order': `
    UPDATE outbox SET id = -id WHERE aggregate_type = 'order' AND aggregate_id = :delivered AND payload ->> 'to' = 'delivered'`,
  'the event of a placed order is of that order': `
    UPDATE outbox SET payload = payload || '{"total_amount": 1}' WHERE event_type = 'order.placed' AND aggregate_id = :pending`,
  'the outbox tells each time that a sale or an import leaves ten or fewer': `DELETE FROM outbox WHERE event_type = 'product.stock_low'`,
  'the outbox tells of each approval of a review': `DELETE FROM outbox WHERE event_type = 'review.approved'`,
  'the rating of a product is that of its approved reviews': 'UPDATE reviews SET rating = 5 WHERE id = :review',
  'a user reviews a product once': `
    DROP INDEX idx_review_user_product;
    INSERT INTO reviews (user_id, product_id, rating) SELECT user_id, product_id, rating FROM reviews WHERE id = :review`,
  'the author of a verified review was sent the product': 'UPDATE reviews SET user_id = :stays WHERE id = :review',
  'a public review was moderated': 'UPDATE reviews SET moderated_at = NULL WHERE id = :review',
  'a cart holds 1 to 99 of a product': `
    ALTER TABLE cart_items DROP CONSTRAINT cart_items_quantity_check;
    INSERT INTO cart_items (user_id, product_id, quantity) VALUES (:buyer, :product, 100)`,
  'a cart has one line for a product': `
    DROP INDEX idx_cart_user_product;
    INSERT INTO cart_items (user_id, product_id, quantity) VALUES (:buyer, :product, 1), (:buyer, :product, 1)`,
  'the path of a category is that of its parent and itself':
    'UPDATE categories SET path = ARRAY[id] WHERE id = (SELECT max(id) FROM categories)',
  'no category is below itself': 'UPDATE categories SET path = id || path WHERE id = (SELECT max(id) FROM categories)',
  'categories side by side have different names': `
    ALTER TABLE categories DROP CONSTRAINT categories_sibling_name_key;
    UPDATE categories SET name = 'Same' WHERE id IN (SELECT id FROM categories WHERE parent_id IS NULL LIMIT 2)`,
  'a post counts its comments': 'UPDATE posts SET comments_count = comments_count + 1 WHERE id = 1',
  'a post was seen at least as often as on the days that are kept':
    'UPDATE posts SET view_count = 0 WHERE id IN (SELECT post_id FROM post_daily_views)',
  'every product is in the list by popularity': 'DELETE FROM product_popularity WHERE product_id = :product',
  'a closed account has no live session': 'UPDATE users SET is_active = false WHERE id = :stays',
  'a session knows when it was rotated, and its last two tokens differ':
    'UPDATE sessions SET previous_token_hash = refresh_token_hash WHERE user_id = :stays',
  'a refresh token opens one session':
    'UPDATE sessions SET refresh_token_hash = (SELECT refresh_token_hash FROM sessions LIMIT 1) WHERE user_id = :stays',
  'an erased account holds nothing personal': `UPDATE users SET phone = '+34 600 000 000' WHERE id = :leaver`,
};

const tables = ['orders', 'order_items', 'products', 'reviews', 'categories', 'posts', 'comments', 'cart_items'];

describe('the invariants', () => {
  let app: TestApp;
  let things: Json;
  beforeAll(async () => {
    app = await startTestApp();
    things = await history(app);
  });
  afterAll(() => app.close());

  const named = [...invariants.matchAll(/^SELECT '((?:[^']|'')+)'/gm)].map(([, rule]) => rule!.replaceAll("''", "'"));

  it('all hold of what was seeded and of what was done since', async () => {
    expect(await violations(app)).toEqual([]);
  });

  it('are each broken once below', () => {
    expect(Object.keys(breakers).toSorted()).toEqual(named.toSorted());
    expect(named.length).toBeGreaterThan(30);
  });

  it.each(Object.entries(breakers))('name the rule that is broken: %s', async (rule, statements) => {
    const runner = app.dataSource.createQueryRunner();
    try {
      await runner.startTransaction();
      for (const table of tables) await runner.query(`ALTER TABLE ${table} DISABLE TRIGGER USER`);
      await runner.query(statements.replaceAll(/:([a-z]+)/g, (_, name: string) => String(things[name])));
      const found = await violationsWithin(runner.manager, app);
      expect(found.map((violation) => violation.rule)).toContain(rule);
      expect(found.every(({ broken_by }) => /\d/.test(broken_by))).toBe(true);
    } finally {
      await runner.rollbackTransaction();
      await runner.release();
    }
  });
});
