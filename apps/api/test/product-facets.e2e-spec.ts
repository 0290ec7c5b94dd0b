import { startTestApp, type Json, type TestApp } from './app.harness.js';
import { addCategory, addProduct } from './catalogue.fixture.js';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

const facetsOf = async (filters: Json): Promise<Json> =>
  (await app.post('/products/search', { ...filters, facets: true })).body['facets'] as Json;

/** The facets as separate counts over the products that a condition is true of. */
async function counted(condition: string): Promise<Json> {
  const source = `(SELECT *, coalesce(sale_price, price) AS pays FROM products WHERE is_active AND ${condition}) p`;
  const category = await app.query(`
    SELECT c.id, c.name, count(*)::integer AS count FROM ${source} JOIN categories c ON c.id = p.category_id
     GROUP BY c.id ORDER BY count DESC, c.id LIMIT 20`);
  const brand = await app.query(`
    SELECT brand AS value, count(*)::integer AS count FROM ${source} WHERE brand IS NOT NULL GROUP BY brand ORDER BY 2 DESC, 1 LIMIT 20`);
  const price = await app.query(`
    SELECT band.min, band.max, count(*)::integer AS count
      FROM (VALUES (0, 25), (25, 50), (50, 100), (100, 250), (250, 500), (500, 1000), (1000, NULL)) AS band (min, max)
      JOIN ${source} ON pays >= band.min AND (band.max IS NULL OR pays < band.max) GROUP BY 1, 2 ORDER BY 3 DESC, 1`);
  const rating = await app.query(`
    SELECT least.min, count(*)::integer AS count FROM generate_series(1, 4) AS least (min) JOIN ${source} ON rating_average >= least.min
     GROUP BY 1 ORDER BY 2 DESC, 1`);
  return { category, brand, price, rating };
}

describe('facets', () => {
  it.each<[Json, string]>([
    [{}, 'true'],
    [{ in_stock: true, min_price: 30, max_price: 400 }, 'stock_quantity > 0 AND coalesce(sale_price, price) BETWEEN 30 AND 400'],
    [{ category_id: 1 }, 'category_id IN (SELECT id FROM categories WHERE 1 = ANY (path))'],
    [{ brand: 'so', min_rating: 2 }, `lower(brand) LIKE '%so%' AND rating_average >= 2`],
    [{ query: 'premium' }, `name ILIKE '%premium%'`],
    [{ query: 'premium', sort_by: 'price', is_featured: false }, `name ILIKE '%premium%' AND NOT is_featured`],
  ])('of %j are what SQL counts, the largest first, in the statement of the page', async (filters, condition) => {
    const expected = await counted(condition);
    expect(expected['brand'].length).toBeGreaterThan(1);
    const { count, result } = await app.queriesOf(() => app.post('/products/search', { ...filters, facets: true, page_size: 5 }));
    expect([count, result.status]).toEqual([1, 200]);
    expect(result.body['facets']).toEqual(expected);
    const plain = await app.post('/products/search', { ...filters, page_size: 5 });
    expect({ ...plain.body, facets: expected }).toEqual(result.body);
    expect('facets' in plain.body).toBe(false);
  });

  it('are the same on every page, and by query string', async () => {
    const first = await app.post('/products/search', { category_id: 1, page_size: 5, facets: true });
    const cursor = first.body['pagination'].next_cursor;
    const second = await app.post('/products/search', { category_id: 1, page_size: 5, facets: true, cursor });
    const byQuery = await app.get('/products?category_id=1&page_size=5&facets=true');
    expect([second.body['facets'], byQuery.body['facets']]).toEqual([first.body['facets'], first.body['facets']]);
  });

  it('are empty where nothing is found', async () => {
    expect(await facetsOf({ query: 'zzyzxq', in_stock: true })).toEqual({ category: [], brand: [], price: [], rating: [] });
  });

  it('count what has no brand and no rating where it belongs, and put a price at a limit above it', async () => {
    const category = await addCategory(app, 'Odd ones');
    const add = (price: number, brand: string | null = null) => addProduct(app, { category_id: category, price, brand });
    await Promise.all([add(25), add(24.99), add(1000, 'Acme'), add(99_999_999.99, 'ACME'), add(0)]);
    await app.query(`UPDATE products SET rating_sum = 19, rating_count = 5 WHERE category_id = $1 AND price = 25`, [category]);
    expect(await facetsOf({ category_id: category })).toEqual({
      category: [{ id: category, name: 'Odd ones', count: 5 }],
      brand: [
        { value: 'ACME', count: 1 },
        { value: 'Acme', count: 1 },
      ],
      price: [
        { min: 0, max: 25, count: 2 },
        { min: 1000, max: null, count: 2 },
        { min: 25, max: 50, count: 1 },
      ],
      rating: [
        { min: 1, count: 1 },
        { min: 2, count: 1 },
        { min: 3, count: 1 },
      ],
    });
  });

  it('follow a corrected query', async () => {
    const { body } = await app.post('/products/search', { query: 'preemium', facets: true });
    expect(body['corrected_query']).toBe('premium');
    expect(body['facets']).toEqual(await facetsOf({ query: 'premium' }));
  });
});
