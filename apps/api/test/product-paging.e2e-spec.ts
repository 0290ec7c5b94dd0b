import { startTestApp, type Json, type TestApp } from './app.harness.js';
import { addProduct, idsOf, idsWhere, walk } from './catalogue.fixture.js';
import { refusal } from './community.fixture.js';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
  // Ties in everything that is sorted by, so that only the id tells rows apart.
  await app.query(
    `UPDATE products SET name = 'Same name ' || id % 3, created_at = '2026-01-01T00:00:00.123456Z' WHERE id BETWEEN 100 AND 160`,
  );
  await app.query('UPDATE products SET price = 20, sale_price = NULL WHERE id BETWEEN 150 AND 220');
  await app.query('UPDATE product_popularity SET order_count = 2 WHERE product_id BETWEEN 150 AND 220');
});
afterAll(() => app.close());

const keys: Record<string, string> = {
  name: 'p.name',
  price: 'coalesce(p.sale_price, p.price)',
  created_at: 'p.created_at',
  rating: 'coalesce(p.rating_average, 0)',
  popularity: '(SELECT order_count FROM product_popularity WHERE product_id = p.id)',
};
const orders = Object.keys(keys).flatMap((by) => ['asc', 'desc'].map((order): [string, string] => [by, order]));
const scopes: [string, Json, string][] = [
  ['the whole list', {}, 'true'],
  ['a filtered list', { in_stock: true, min_price: 20 }, 'stock_quantity > 0 AND coalesce(sale_price, price) >= 20'],
  ['a category', { category_id: 9 }, 'category_id IN (SELECT id FROM categories WHERE 9 = ANY (path))'],
];

describe.each(scopes)('%s', (_scope, filters, condition) => {
  it.each(orders)('by %s %s goes on without overlap or gap, by cursor and by page', async (by, order) => {
    const expected = await idsWhere(app, condition, `${keys[by]} ${order}, p.id ${order}`);
    expect(expected.length).toBeGreaterThan(30);
    const body = { ...filters, sort_by: by, sort_order: order };
    const { ids, pages } = await walk(app, body, 17);
    expect(ids).toEqual(expected);
    expect(pages).toBe(Math.ceil(expected.length / 17));
    for (const page of [2, pages]) {
      const answer = await app.post('/products/search', { ...body, page, page_size: 17 });
      expect(idsOf(answer.body['products'])).toEqual(expected.slice((page - 1) * 17, page * 17));
    }
    const past = await app.post('/products/search', { ...body, page: pages + 1, page_size: 17 });
    expect(past.body).toMatchObject({ products: [], pagination: { page: pages + 1, total_count: expected.length, next_cursor: null } });
  });

  it('takes one statement a page, the same at any depth', async () => {
    const first = await app.post('/products/search', { ...filters, page_size: 10 });
    const { cursor } = { cursor: first.body['pagination'].next_cursor };
    const { count, result } = await app.queriesOf(() => app.post('/products/search', { ...filters, page_size: 10, cursor }));
    expect([count, result.body['pagination'].page, result.body['pagination'].total_count]).toEqual([
      1,
      null,
      first.body['pagination'].total_count,
    ]);
  });
});

describe('the order', () => {
  const order = async (body: Json): Promise<number[]> =>
    idsOf((await app.post('/products/search', { page_size: 100, ...body })).body['products']);

  it('is by name without words, ascending but for rating and popularity', async () => {
    const sorted = (by: string, direction: string) => idsWhere(app, 'true', `${keys[by]} ${direction}, p.id ${direction} LIMIT 100`);
    expect(await order({})).toEqual(await sorted('name', 'asc'));
    expect(await order({ sort_by: 'relevance' })).toEqual(await sorted('name', 'asc'));
    expect(await order({ sort_order: 'desc' })).toEqual(await sorted('name', 'desc'));
    for (const by of ['name', 'price', 'created_at']) expect(await order({ sort_by: by })).toEqual(await sorted(by, 'asc'));
    for (const by of ['rating', 'popularity']) expect(await order({ sort_by: by })).toEqual(await sorted(by, 'desc'));
  });

  it('by relevance is turned round by sort_order, and is paged like any', async () => {
    const { ids: best } = await walk(app, { query: 'premium' }, 100);
    expect(best.length).toBeGreaterThan(10);
    const { ids: worst } = await walk(app, { query: 'premium', sort_order: 'asc' }, 3);
    expect(worst).toEqual(best.toReversed());
    expect((await walk(app, { query: 'premium' }, 4)).ids).toEqual(best);
    expect((await walk(app, { query: 'premium', sort_by: 'price' }, 4)).ids.toSorted()).toEqual(best.toSorted());
  });
});

describe('rows that come and go meanwhile', () => {
  it('neither repeat nor hide one that was there all along', async () => {
    const body = { brand: 'meanwhile', page_size: 2, sort_by: 'name' };
    const add = (name: string) => addProduct(app, { name, brand: 'Meanwhile' });
    const there = [await add('b'), await add('d'), await add('f'), await add('h'), await add('h')];
    const seen: number[] = [];
    let cursor: string | null = null;
    let step = 0;
    do {
      const { body: page } = await app.post('/products/search', { ...body, ...(cursor ? { cursor } : {}) });
      seen.push(...idsOf(page['products']));
      cursor = page['pagination'].next_cursor;
      // One before what was seen, one after it; and the last one seen goes.
      if (step === 0) await Promise.all([add('a'), add('c'), add('g')]);
      if (step === 0) await app.query('UPDATE products SET is_active = false WHERE id = $1', [there[1]]);
      step += 1;
    } while (cursor !== null);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.filter((id) => there.includes(id))).toEqual(there);
    const names = await app.query('SELECT name FROM unnest($1::bigint[]) WITH ORDINALITY AS s (id, place) JOIN products USING (id) ORDER BY place', [seen]); // prettier-ignore
    expect(names.map((row) => row['name'])).toEqual(['b', 'd', 'f', 'g', 'h', 'h']);
  });
});

describe('offset pages', () => {
  it('end at 10,000 rows, and point to the cursor', async () => {
    expect((await app.get('/products?page=500&page_size=20')).status).toBe(200);
    for (const query of ['page=501&page_size=20', 'page=101&page_size=100', 'page=10000&page_size=2']) {
      const answer = await app.get(`/products?${query}`);
      expect([query, answer.status]).toEqual([query, 400]);
      expect(answer.body['errors'][0].pointer).toContain('/page');
      expect(answer.body['errors'][0].message).toContain('cursor');
    }
  });
});

describe('a cursor', () => {
  const forge = (parts: unknown): string => Buffer.from(JSON.stringify(parts)).toString('base64url');
  const forged: unknown[] = [
    ['products:name:ASC', 5, 1],
    ['products:name:ASC', '', 1],
    ['products:name:ASC', 'x', '1'],
    ['products:name:ASC', 'x', 1.5],
    ['products:name:ASC', 'x', 1e300],
    ['products:name:ASC', 'x'],
    ['products:name:ASC', 'x', 1, 2],
    ['products:name:ASC', 'x\u0000', 1],
    ['products:name:ASC', '\ud800', 1],
    ['products:name:ASC', { a: 1 }, 1],
    ['products:price:ASC', 'NaN', 1],
    ['products:price:ASC', '1e9', 1],
    ['products:price:ASC', '-1', 1],
    ['products:created_at:ASC', 'infinity', 1],
    ['products:created_at:ASC', '2026-02-30T00:00:00.000000Z', 1],
    ['products:created_at:ASC', '99999999999999999', 1],
    ['products:rating:DESC', '11', 1],
    ['products:popularity:DESC', '9999999999', 1],
    ['products:relevance:DESC', '1e300', 1],
    ['products:relevance:DESC', '1e-300', 1],
    ['products:stock:ASC', '1', 1],
    [],
    {},
    'products:name:ASC',
  ];

  it.each(forged)('of our making only: not %j', async (parts) => {
    const [kind] = Array.isArray(parts) ? (parts as unknown[]) : [];
    const [, by = 'name', order = 'ASC'] = String(kind).split(':');
    const known = by in keys || by === 'relevance';
    const query = `${known ? `sort_by=${by}&sort_order=${order.toLowerCase()}` : ''}${by === 'relevance' ? '&query=premium' : ''}`;
    expect(refusal(await app.get(`/products?${query}&cursor=${forge(parts)}`)).slice(0, 2)).toEqual([400, 'invalid-input']);
  });

  it.each(['x', '%2F%2F', 'WyJ', 'x'.repeat(501), '%F0%9F%92%A9', ''])('is refused as %s', async (cursor) => {
    expect((await app.get(`/products?cursor=${cursor}`)).status).toBe(400);
  });

  it('belongs to the order that it was given out for', async () => {
    const { next_cursor: cursor } = (await app.get('/products?sort_by=price')).body['pagination'];
    for (const query of ['sort_by=name', 'sort_by=price&sort_order=desc', '']) {
      expect([query, (await app.get(`/products?${query}&cursor=${cursor}`)).status]).toEqual([query, 400]);
    }
    expect((await app.get(`/products?sort_by=price&page_size=5&page=7&cursor=${cursor}`)).body['pagination'].page).toBeNull();
  });

  it('at the edge of what a value may be is only an empty or a full page', async () => {
    const edges = [
      ['price', ['products:price:ASC', '99999999.99', 1]],
      ['created_at', ['products:created_at:ASC', '-9999999999999999', Number.MIN_SAFE_INTEGER]],
      ['created_at', ['products:created_at:ASC', '9999999999999999', Number.MAX_SAFE_INTEGER]],
      ['relevance&query=premium', ['products:relevance:DESC', '9e-39', 1]],
      ['relevance&query=premium', ['products:relevance:DESC', '9.9999999999999', 1]],
      ['rating', ['products:rating:DESC', '9.99', 1]],
    ] as const;
    for (const [by, parts] of edges) {
      expect([parts, (await app.get(`/products?sort_by=${by}&cursor=${forge(parts)}`)).status]).toEqual([parts, 200]);
    }
  });
});
