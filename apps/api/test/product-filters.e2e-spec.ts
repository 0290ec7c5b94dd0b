import { startTestApp, type Json, type TestApp } from './app.harness.js';
import { addProduct, idsWhere, walk } from './catalogue.fixture.js';
import { refusal } from './community.fixture.js';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

const queryString = (filters: Json): string => new URLSearchParams(filters as Record<string, string>).toString();

/** Each filter, and the same in SQL, as the contract words it. */
const filters: [Json, string][] = [
  [{}, 'true'],
  [{ min_price: 100 }, 'coalesce(sale_price, price) >= 100'],
  [{ max_price: 99.99 }, 'coalesce(sale_price, price) <= 99.99'],
  [{ min_price: 50, max_price: 200 }, 'coalesce(sale_price, price) BETWEEN 50 AND 200'],
  [{ brand: 'sony' }, `lower(brand) LIKE '%sony%'`],
  [{ brand: 'ON' }, `lower(brand) LIKE '%on%'`],
  [{ brand: 'a' }, `lower(brand) LIKE '%a%'`],
  [{ is_featured: true }, 'is_featured'],
  [{ is_featured: false }, 'NOT is_featured'],
  [{ in_stock: true }, 'stock_quantity > 0'],
  [{ in_stock: false }, 'stock_quantity = 0'],
  [{ min_rating: 4 }, 'rating_average >= 4'],
  [{ min_rating: 3.5, in_stock: true }, 'rating_average >= 3.5 AND stock_quantity > 0'],
  [{ min_rating: 0 }, 'true'],
  [{ category_id: 9 }, 'category_id IN (SELECT id FROM categories WHERE 9 = ANY (path))'],
  [{ category_id: 1, brand: 'o', min_price: 20, in_stock: true }, `category_id IN (SELECT id FROM categories WHERE 1 = ANY (path)) AND lower(brand) LIKE '%o%' AND coalesce(sale_price, price) >= 20 AND stock_quantity > 0`],
  [{ category_id: 987654321 }, 'false'],
]; // prettier-ignore

describe('the filters', () => {
  it.each(filters)('%j, by body and by query string, find what SQL finds', async (given, condition) => {
    const expected = await idsWhere(app, condition);
    if (condition !== 'false') expect(expected.length).toBeGreaterThan(0);
    expect((await walk(app, given, 100)).ids).toEqual(expected);
    const byBody = await app.post('/products/search', given);
    const byQuery = await app.get(`/products?${queryString(given)}&utm_source=x&page=1`);
    expect([byBody.status, byQuery.body]).toEqual([200, byBody.body]);
    expect(byBody.body['pagination']).toMatchObject({ page: 1, page_size: 20, total_count: expected.length });
    expect(byBody.body['pagination'].total_pages).toBe(Math.ceil(expected.length / 20));
  });

  it.each(filters)('%j take one statement', async (given) => {
    const { count } = await app.queriesOf(() => app.post('/products/search', { ...given, page_size: 50 }));
    expect(count).toBe(1);
  });

  it('take the effective price, not the list price', async () => {
    const id = await addProduct(app, { price: 500, sale_price: 123.45 });
    const { ids } = await walk(app, { min_price: 123.45, max_price: 123.45 }, 100);
    expect(ids).toContain(id);
    expect((await walk(app, { min_price: 499, max_price: 500 }, 100)).ids).not.toContain(id);
  });

  it('take a part of the brand as it is, not as a pattern', async () => {
    const ids = [await addProduct(app, { brand: '100%_Pure\\Sound' }), await addProduct(app, { brand: '100x_PureXSound' })];
    expect((await walk(app, { brand: '0%_p' }, 10)).ids).toEqual([ids[0]]);
    expect((await walk(app, { brand: '\\s' }, 10)).ids).toEqual([ids[0]]);
    expect((await walk(app, { brand: '_pure' }, 10)).ids).toEqual(ids);
    expect((await walk(app, { brand: '%' }, 10)).ids).toEqual([ids[0]]);
  });

  it('give rows without the long texts, and a validator', async () => {
    const answer = await app.get('/products?page_size=1');
    const [row] = answer.body['products'] as Json[];
    const { description: _, short_description: __, ...detail } = (await app.get(`/products/${row?.['id']}`)).body;
    expect(row).toEqual(detail);
    const again = await app.get('/products?page_size=1', { headers: { 'if-none-match': answer.headers['etag'] ?? '' } });
    expect([answer.headers['cache-control'], again.status]).toEqual(['public, max-age=0, must-revalidate', 304]);
    expect((await app.post('/products/search', {})).headers['cache-control']).toBe('no-store');
  });
});

describe('bad input', () => {
  it.each([
    ['min_price=-1', '/query/min_price'],
    ['max_price=1e', '/query/max_price'],
    ['max_price=100000000', '/query/max_price'],
    ['min_price=10&max_price=9.99', '/query/max_price'],
    ['min_rating=6', '/query/min_rating'],
    ['min_rating=NaN', '/query/min_rating'],
    ['category_id=0', '/query/category_id'],
    ['category_id=1,2', '/query/category_id'],
    ['is_featured=yes', '/query/is_featured'],
    ['in_stock=1', '/query/in_stock'],
    ['brand=', '/query/brand'],
    ['brand=a&brand=b', '/query/brand'],
    ['query=%00', '/query/query'],
    ['query=a%0Ab', '/query/query'],
    [`query=${'x'.repeat(201)}`, '/query/query'],
    ['sort_by=id', '/query/sort_by'],
    ['sort_order=up', '/query/sort_order'],
    ['page=0', '/query/page'],
    ['page_size=101', '/query/page_size'],
    ['facets=maybe', '/query/facets'],
  ])('?%s is refused', async (query, pointer) => {
    expect(refusal(await app.get(`/products?${query}`))).toEqual([400, 'invalid-input', pointer]);
  });

  it.each<[Json, string]>([
    [{ min_price: '10' }, '/min_price'],
    [{ min_price: 0.001 }, '/min_price'],
    [{ min_price: 10, max_price: 9 }, '/max_price'],
    [{ category_id: 1.5 }, '/category_id'],
    [{ in_stock: 'true' }, '/in_stock'],
    [{ sort_by: 'stock' }, '/sort_by'],
    [{ page_size: 0 }, '/page_size'],
    [{ brand: null }, '/brand'],
    [{ query: '\ud800' }, '/query'],
    [{ colour: 'red' }, '/colour'],
  ])('%j is refused', async (body, pointer) => {
    expect(refusal(await app.post('/products/search', body))).toEqual([400, 'invalid-input', pointer]);
  });

  it.each(['[]', '"x"', '7', 'null'])('the body %s is refused', async (body) => {
    const answer = await app.call('POST', '/products/search', body, { headers: { 'content-type': 'application/json' } });
    expect(answer.status).toBe(400);
  });
});
