import { startTestApp, type Json, type TestApp } from './app.harness.js';
import { addCategory, addProduct, idsOf } from './catalogue.fixture.js';
import { refusal } from './community.fixture.js';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

const listFields = [
  'brand', 'breadcrumbs', 'category', 'created_at', 'dimensions', 'id', 'image_url', 'is_active', 'is_featured', 'name', 'price', 'rating',
  'sale_price', 'seller_id', 'sku', 'slug', 'stock_quantity', 'updated_at', 'version', 'weight',
]; // prettier-ignore

describe('GET /products/{id}', () => {
  it('is the product as the tables have it, in one statement', async () => {
    const { count, result } = await app.queriesOf(() => app.get('/products/1'));
    expect([count, result.status]).toEqual([1, 200]);
    const [row] = await app.query(`
      SELECT id, name, slug, description, short_description, sku, price, sale_price, stock_quantity, brand, weight, dimensions, image_url,
             is_featured, is_active, seller_id, version, created_at, updated_at FROM products WHERE id = 1`);
    const [rated] = await app.query('SELECT round(avg(rating), 2) AS average, count(*)::integer AS count FROM reviews WHERE product_id = 1 AND is_approved'); // prettier-ignore
    const path = await app.query(`
      SELECT b.id, b.name, b.slug FROM products p JOIN categories c ON c.id = p.category_id JOIN categories b ON b.id = ANY (c.path)
       WHERE p.id = 1 ORDER BY cardinality(b.path)`);
    const expected = JSON.parse(JSON.stringify({ ...row, category: path.at(-1), breadcrumbs: path, rating: rated })) as Json;
    expect(result.body).toEqual(expected);
    expect(Object.keys(result.body).toSorted()).toEqual([...listFields, 'description', 'short_description'].toSorted());
  });

  it('has two decimals of the rating, null when there is none, and approved reviews only', async () => {
    const id = await addProduct(app);
    const rating = async () => (await app.get(`/products/${id}`)).body['rating'];
    const review = (userId: number, stars: number, isApproved: boolean) =>
      app.query('INSERT INTO reviews (user_id, product_id, rating, is_approved) VALUES ($1, $2, $3, $4)', [userId, id, stars, isApproved]);
    expect(await rating()).toEqual({ average: null, count: 0 });
    await review(5, 5, true);
    await review(6, 4, true);
    await review(7, 4, true);
    await review(8, 1, false);
    expect(await rating()).toEqual({ average: 4.33, count: 3 });
  });

  it('answers 304 until it changes', async () => {
    const id = await addProduct(app);
    const first = await app.get(`/products/${id}`);
    const again = () => app.get(`/products/${id}`, { headers: { 'if-none-match': first.headers['etag'] ?? '' } });
    expect([(await again()).status, first.headers['cache-control']]).toEqual([304, 'public, max-age=0, must-revalidate']);
    await app.query('UPDATE products SET stock_quantity = 3 WHERE id = $1', [id]);
    expect((await again()).status).toBe(200);
  });

  it.each([
    ['/products/987654321', 404],
    ['/products/0', 400],
    ['/products/-1', 400],
    ['/products/1.0', 400],
    ['/products/0x10', 400],
    ['/products/9007199254740993', 400],
    ['/products/by-slug/no-such-slug', 404],
    ['/products/by-slug/No%20Slug', 400],
    ['/products/987654321/related', 404],
    ['/products/zero/related', 400],
  ])('refuses %s with %i', async (path, status) => {
    const answer = await app.get(path);
    expect(refusal(answer).slice(0, 2)).toEqual([status, status === 404 ? 'product-not-found' : 'invalid-input']);
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  it('is not there once it is inactive', async () => {
    const id = await addProduct(app, { is_active: false });
    const [row] = await app.query<{ slug: string }>('SELECT slug FROM products WHERE id = $1', [id]);
    for (const path of [`/products/${id}`, `/products/by-slug/${row?.slug}`, `/products/${id}/related`]) {
      expect([path, ...refusal(await app.get(path))]).toEqual([path, 404, 'product-not-found']);
    }
  });
});

describe('GET /products/by-slug/{slug}', () => {
  it('is the same as by id, in one statement', async () => {
    const byId = (await app.get('/products/7')).body;
    const { count, result } = await app.queriesOf(() => app.get(`/products/by-slug/${byId['slug']}`));
    expect([count, result.status, result.body]).toEqual([1, 200, byId]);
  });
});

const [now, day] = [Date.parse('2026-11-25T12:00:00Z'), 86_400_000];
let orders = 0;

async function order(products: number[], status: string, daysAgo: number): Promise<void> {
  orders += 1;
  const sql = `INSERT INTO orders (order_number, user_id, status, total_amount, shipping_address, billing_address, payment_method, created_at)
               VALUES ($1, 3, $2, 0, 'a', 'a', 'card', $3) RETURNING id`;
  const [row] = await app.query<{ id: number }>(sql, [`TEST-${orders}`, status, new Date(now - daysAgo * day).toISOString()]);
  await app.query(
    `INSERT INTO order_items (order_id, user_id, product_id, name, sku, quantity, unit_price, total_price)
     SELECT $1, 3, id, name, sku, 2, 0, 0 FROM products WHERE id = ANY ($2)`,
    [row?.id, products],
  );
}

const refresh = (name: string) => app.query(`SELECT refresh_${name}('${new Date(now).toISOString()}')`);

describe('GET /products/popular', () => {
  it('is by orders that went out in the last 30 days, ten unless told, in one statement', async () => {
    await app.query('DELETE FROM order_items');
    const [first, second, third, gone] = await Promise.all([1, 2, 3, 4].map(() => addProduct(app)));
    await order([first!, second!, third!, gone!], 'delivered', 1);
    await order([first!, second!, gone!], 'shipped', 29.9);
    await order([second!, gone!], 'delivered', 5);
    for (const status of ['pending', 'processing', 'cancelled']) await order([first!], status, 1);
    for (const _ of [1, 2, 3]) await order([first!], 'delivered', 30.1);
    await app.query('UPDATE products SET is_active = false WHERE id = $1', [gone]);
    await refresh('product_popularity');
    const { count, result } = await app.queriesOf(() => app.get('/products/popular'));
    expect([count, result.status]).toEqual([1, 200]);
    expect(result.body['products'].map((row: Json) => [row['id'], row['order_count']])).toEqual([
      [second, 3],
      [first, 2],
      [third, 1],
    ]);
    expect(Object.keys(result.body['products'][0]).toSorted()).toEqual([...listFields, 'order_count'].toSorted());
    expect(idsOf((await app.get('/products/popular?limit=2')).body['products'])).toEqual([second, first]);
  });

  it.each(['0', '51', 'ten'])('refuses the limit %s', async (limit) => {
    expect(refusal(await app.get(`/products/popular?limit=${limit}`))).toEqual([400, 'invalid-input', '/query/limit']);
  });
});

describe('GET /products/{id}/related', () => {
  it('is what was bought with it, then the most ordered of its category, in one statement', async () => {
    const category = await addCategory(app);
    const [it, often, once, popular, quiet, inactive] = await Promise.all([1, 2, 3, 4, 5, 6].map(() => addProduct(app, { category_id: category }))); // prettier-ignore
    const elsewhere = await addProduct(app);
    await order([it!, often!, elsewhere, inactive!], 'delivered', 1);
    await order([it!, often!, elsewhere, inactive!], 'processing', 80);
    await order([it!, often!], 'pending', 2);
    await order([it!, once!], 'delivered', 2);
    await order([it!, quiet!], 'cancelled', 2);
    await order([it!, quiet!], 'delivered', 91);
    for (const _ of [1, 2]) await order([popular!], 'shipped', 2);
    await app.query('UPDATE products SET is_active = false WHERE id = $1', [inactive]);
    await refresh('product_popularity');
    await refresh('product_affinity');
    const { count, result } = await app.queriesOf(() => app.get(`/products/${it}/related`));
    expect([count, result.status]).toEqual([1, 200]);
    expect(result.body['products'].map((row: Json) => [row['id'], row['order_count']])).toEqual([
      [often, 3],
      [elsewhere, 2],
      [popular, 2],
      [once, 1],
      [quiet, 0],
    ]);
    expect(idsOf((await app.get(`/products/${it}/related?limit=3`)).body['products'])).toEqual([often, elsewhere, popular]);
  });
});
