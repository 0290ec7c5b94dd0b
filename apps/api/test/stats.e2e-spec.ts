import { startTestApp, type Json, type TestApp } from './app.harness.js';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

const one = async (sql: string): Promise<Json> => (await app.query(sql))[0] ?? {};

describe('GET /stats', () => {
  it('tells the figures that the tables have, in one statement', async () => {
    await app.query('SELECT refresh_product_popularity(now())');
    const { count, result } = await app.queriesOf(() => app.get('/stats'));
    expect([count, result.status, result.headers['cache-control']]).toEqual([1, 200, 'public, max-age=0, must-revalidate']);
    const { top_categories: categories, top_authors: authors, ...figures } = result.body;
    expect(figures).toEqual(
      await one(`
        SELECT (SELECT count(*) FROM users WHERE is_active) AS users, (SELECT count(*) FROM products WHERE is_active) AS products,
               (SELECT count(*) FROM categories WHERE is_active) AS categories,
               (SELECT count(*) FROM orders WHERE status <> 'cancelled') AS orders,
               (SELECT count(*) FROM reviews WHERE is_approved) AS reviews, (SELECT count(*) FROM posts) AS posts,
               (SELECT count(*) FROM comments) AS comments, (SELECT round(avg(rating), 2) FROM reviews WHERE is_approved) AS average_rating`),
    );
    expect(categories).toEqual(
      await app.query(`
        SELECT c.id, c.name, c.slug, count(*)::integer AS product_count, sum(coalesce(sold.orders, 0))::integer AS order_count
          FROM products p JOIN categories c ON c.id = p.category_id
          LEFT JOIN (
            SELECT i.product_id, count(*) AS orders FROM order_items i JOIN orders o ON o.id = i.order_id
             WHERE o.status IN ('shipped', 'delivered') AND o.created_at > now() - interval '30 days' GROUP BY i.product_id
          ) sold ON sold.product_id = p.id
         WHERE p.is_active GROUP BY c.id ORDER BY 5 DESC, 4 DESC, 1 LIMIT 5`),
    );
    expect(authors).toEqual(
      await app.query(`
        SELECT u.id, u.username, count(*)::integer AS posts_count FROM posts p JOIN users u ON u.id = p.author_id
         WHERE u.is_active GROUP BY u.id ORDER BY 3 DESC, 1 LIMIT 5`),
    );
    expect([categories.length, authors.length]).toEqual([5, 5]);
  });

  it('has an answer for an empty shop', async () => {
    const empty = await startTestApp({ seeded: false });
    try {
      expect((await empty.get('/stats')).body).toEqual({
        users: 0,
        products: 0,
        categories: 0,
        orders: 0,
        reviews: 0,
        posts: 0,
        comments: 0,
        average_rating: null,
        top_categories: [],
        top_authors: [],
      });
    } finally {
      await empty.close();
    }
  });
});
