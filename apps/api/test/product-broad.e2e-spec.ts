import { startTestApp, type Json, type TestApp } from './app.harness.js';
import { addCategory, addProduct, idsOf, idsWhere } from './catalogue.fixture.js';

/** More than lists are counted exactly. */
const many = 10_050;

let app: TestApp;
let category: number;
beforeAll(async () => {
  app = await startTestApp({ seeded: false });
  category = await addCategory(app, 'Everything');
  await app.query(
    `INSERT INTO products (name, slug, sku, price, category_id, brand, description)
     SELECT 'Item ' || i, 'item-' || i, 'ITEM-' || i, i % 90, $1, CASE WHEN i % 2 = 0 THEN 'Evenly' END, 'Comes in a ubiquitous box'
       FROM generate_series(1, $2::integer) AS i`,
    [category, many],
  );
  await app.query('ANALYZE');
}, 120_000);
afterAll(() => app.close());

const page = async (body: Json): Promise<Json> => (await app.post('/products/search', { page_size: 5, ...body })).body;
/** The first rows of a list, and all from the 9,901st: the last page that can be had by its number, and on by cursor. */
async function ends(body: Json): Promise<{ first: number[]; last: number[] }> {
  const first = idsOf((await page({ ...body, page_size: 50 }))['products']);
  let found = await page({ ...body, page: 100, page_size: 100 });
  const last = idsOf(found['products']);
  while (found['pagination'].next_cursor !== null) {
    found = await page({ ...body, page_size: 40, cursor: found['pagination'].next_cursor });
    last.push(...idsOf(found['products']));
  }
  return { first, last };
}
const endsOf = (ids: readonly number[]) => ({ first: ids.slice(0, 50), last: ids.slice(9900) });

const statements = async (body: Json): Promise<number> => (await app.queriesOf(() => page(body))).count;

describe('a long list', () => {
  it('is counted exactly to 10,000 and estimated beyond, and says so', async () => {
    const { pagination } = await page({});
    expect(pagination.total_is_estimate).toBe(true);
    expect(pagination.total_count).toBeGreaterThan(10_000);
    expect(Math.abs(pagination.total_count - many) / many).toBeLessThan(0.1);
    expect(pagination.total_pages).toBe(Math.ceil(pagination.total_count / 5));
    expect(await statements({})).toBe(2);
    await app.query('UPDATE products SET is_active = false WHERE id > 10000');
    expect((await page({})).pagination).toMatchObject({ total_count: 10_000, total_pages: 2000 });
    expect((await page({})).pagination).not.toHaveProperty('total_is_estimate');
    expect(await statements({})).toBe(1);
    await app.query('UPDATE products SET is_active = true');
  });

  it('of a category is counted like the whole list, and goes on like it', async () => {
    const { pagination } = await page({ category_id: category });
    expect(pagination.total_is_estimate).toBe(true);
    expect(pagination.total_count).toBeGreaterThan(10_000);
    expect(await statements({ category_id: category })).toBe(2);
    const ids = await idsWhere(app, 'true', 'p.price DESC, p.id DESC');
    expect(await ends({ category_id: category, sort_by: 'price', sort_order: 'desc' })).toEqual(endsOf(ids));
  });

  it('of a brand, by popularity in a category, or with facets is counted exactly at any length', async () => {
    const exact = [{ category_id: category, sort_by: 'popularity' }, { facets: true }, { query: 'ubiquitous', sort_by: 'price' }];
    for (const body of exact) {
      expect((await page(body)).pagination).toMatchObject({ total_count: many });
      expect([body, await statements(body)]).toEqual([body, 1]);
    }
    expect((await page({ brand: 'even' })).pagination.total_count).toBe(many / 2);
  });

  it('goes on by cursor past what pages reach', async () => {
    const ids = await idsWhere(app, 'true', 'p.price DESC, p.id DESC');
    expect(await ends({ sort_by: 'price', sort_order: 'desc' })).toEqual(endsOf(ids));
  });
});

describe('words that more than 10,000 products have', () => {
  it('are three statements, with an estimate of the total; exact with facets', async () => {
    const { pagination } = await page({ query: 'ubiquitous' });
    expect(pagination.total_is_estimate).toBe(true);
    expect(pagination.total_count).toBeGreaterThan(10_000);
    expect(await statements({ query: 'ubiquitous' })).toBe(3);
    const faceted = await page({ query: 'ubiquitous', facets: true });
    expect(faceted['pagination']).toMatchObject({ total_count: many });
    expect(faceted['pagination']).not.toHaveProperty('total_is_estimate');
    expect(faceted['products']).toEqual((await page({ query: 'ubiquitous' }))['products']);
  });

  it('put names first, then brands, by rank, and the others after them, the newest first, each once', async () => {
    const named = await addProduct(app, { name: 'Ubiquitous thing', category_id: category });
    const branded = await addProduct(app, { brand: 'Ubiquitous', category_id: category, description: 'Comes in a box' });
    const twice = await addProduct(app, { name: 'Ubiquitous box', brand: 'Ubiquitous', category_id: category });
    const rest = await idsWhere(app, `p.description LIKE '%ubiquitous%'`, 'p.id DESC');
    const ids = [twice, named, branded, ...rest];
    expect(await ends({ query: 'ubiquitous' })).toEqual(endsOf(ids));
    expect(await ends({ query: 'ubiquitous', sort_order: 'asc' })).toEqual(endsOf(ids.toReversed()));
    const second = await page({ query: 'ubiquitous', page: 2, page_size: 4 });
    expect(idsOf(second['products'])).toEqual(ids.slice(4, 8));
  });

  it('keep to the filters', async () => {
    const before = await ends({ query: 'ubiquitous' });
    await app.query('UPDATE products SET is_featured = true WHERE id = $1', [before.last[10]]);
    const after = await ends({ query: 'ubiquitous', is_featured: false });
    expect(after).toEqual({ first: before.first, last: before.last.filter((_, index) => index !== 10) });
  });

  it('are by age alone when more than 10,000 names have them', async () => {
    const titled = await idsWhere(app, `to_tsvector('simple', p.name || ' ' || coalesce(p.brand, '')) @@ 'item'`, 'p.id DESC');
    expect(titled).toHaveLength(many);
    const last = await addProduct(app, { name: 'Other', description: 'An item too', category_id: category });
    const ids = [...titled, last];
    expect(await ends({ query: 'item' })).toEqual(endsOf(ids));
    expect(await ends({ query: 'item', sort_order: 'asc' })).toEqual(endsOf(ids.toReversed()));
  });
});
