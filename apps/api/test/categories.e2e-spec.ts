import { startTestApp, type Json, type TestApp } from './app.harness.js';
import { addCategory, addProduct, idsOf } from './catalogue.fixture.js';
import { refusal } from './community.fixture.js';

let app: TestApp;
let admin: string;

beforeAll(async () => {
  app = await startTestApp();
  admin = await app.token('admin');
});
afterAll(() => app.close());

const make = (body: unknown) => app.post('/categories', body, { as: admin });
const edit = (id: number, body: unknown) => app.patch(`/categories/${id}`, body, { as: admin });
const audit = (id: number): Promise<Json[]> =>
  app.query(`SELECT action, actor_id, changes FROM audit_log WHERE entity_type = 'category' AND entity_id = $1 ORDER BY id`, [id]);

/** What the tables have: active products of the category and of all below it. */
const countBelow = async (id: number): Promise<number> => {
  const sql = `SELECT count(*)::integer AS count FROM products p JOIN categories c ON c.id = p.category_id
                WHERE p.is_active AND c.path @> ARRAY[$1::bigint]`;
  return (await app.query<{ count: number }>(sql, [id]))[0]!.count;
};

describe('GET /categories', () => {
  const flatten = (nodes: Json[]): Json[] => nodes.flatMap((node) => [node, ...flatten(node['children'])]);

  it('is the whole tree, siblings in order, each with the products of its subtree, in one statement', async () => {
    const { count, result } = await app.queriesOf(() => app.get('/categories'));
    expect([count, result.status, result.headers['cache-control']]).toEqual([1, 200, 'public, max-age=0, must-revalidate']);
    const nodes = flatten(result.body['categories']);
    const expected = await app.query(`
      SELECT c.id, c.name, c.slug, c.parent_id, count(p.id)::integer AS product_count
        FROM categories c LEFT JOIN categories below ON below.path @> ARRAY[c.id]
        LEFT JOIN products p ON p.category_id = below.id AND p.is_active GROUP BY c.id ORDER BY c.id`);
    const flat = nodes.map(({ children: _, ...node }) => node).toSorted((a, b) => a['id'] - b['id']);
    expect(flat).toEqual(expected);
    const roots = await app.query('SELECT id FROM categories WHERE parent_id IS NULL ORDER BY sort_order, name, id');
    expect(idsOf(result.body['categories'])).toEqual(idsOf(roots));
    expect(nodes.every((node) => node['children'].every((child: Json) => child['parent_id'] === node['id']))).toBe(true);
  });

  it('is cut at a depth, with the counts of all that is below', async () => {
    const whole = (await app.get('/categories')).body['categories'] as Json[];
    const top = await app.get('/categories?depth=1&unknown=x');
    expect(top.body['categories']).toEqual(whole.map((node) => ({ ...node, children: [] })));
    for (const depth of ['0', '21', 'all', '1.5']) {
      expect(refusal(await app.get(`/categories?depth=${depth}`))).toEqual([400, 'invalid-input', '/query/depth']);
    }
  });

  it('answers 304 until something in it changes', async () => {
    const { headers } = await app.get('/categories?depth=1');
    const again = () => app.get('/categories?depth=1', { headers: { 'if-none-match': headers['etag'] ?? '' } });
    expect((await again()).status).toBe(304);
    await addCategory(app, 'A new root');
    expect((await again()).status).toBe(200);
  });
});

describe('GET /categories/{id}', () => {
  it('tells children, the way to it and the products of the subtree, in one statement', async () => {
    const root = await addCategory(app, 'Garden');
    const [later, first] = [await addCategory(app, 'Tools', root), await addCategory(app, 'Chairs', root)];
    const leaf = await addCategory(app, 'Rakes', later);
    await addProduct(app, { category_id: leaf });
    await addProduct(app, { category_id: later });
    await addProduct(app, { category_id: later, is_active: false });
    await addProduct(app, { category_id: root });
    const { count, result } = await app.queriesOf(() => app.get(`/categories/${root}`));
    expect(count).toBe(1);
    expect(result.body).toMatchObject({ id: root, name: 'Garden', parent_id: null, product_count: 3, description: null });
    expect(result.body['children']).toMatchObject([
      { id: first, name: 'Chairs', parent_id: root, product_count: 0 },
      { id: later, name: 'Tools', parent_id: root, product_count: 2 },
    ]);
    const { body } = await app.get(`/categories/${leaf}`);
    expect([body['product_count'], body['children']]).toEqual([1, []]);
    expect(body['breadcrumbs'].map(({ id, name }: Json) => [id, name])).toEqual([
      [root, 'Garden'],
      [later, 'Tools'],
      [leaf, 'Rakes'],
    ]);
  });

  it.each([
    ['/categories/987654321', 404, 'category-not-found'],
    ['/categories/0', 400, 'invalid-input'],
    ['/categories/1e3', 400, 'invalid-input'],
    ['/categories/9007199254740992', 400, 'invalid-input'],
    ['/categories/987654321/products', 404, 'category-not-found'],
    ['/categories/x/products', 400, 'invalid-input'],
  ])('refuses %s with %i', async (path, status, code) => {
    expect(refusal(await app.get(path)).slice(0, 2)).toEqual([status, code]);
  });
});

describe('GET /categories/{id}/products', () => {
  it('lists the subtree of every category, in one statement, as often as the category counts', async () => {
    const categories = await app.query<{ id: number }>('SELECT id FROM categories WHERE parent_id IS NULL OR id % 97 = 0 ORDER BY id');
    for (const { id } of categories) {
      const { count, result } = await app.queriesOf(() => app.get(`/categories/${id}/products?page_size=1`));
      const total = await countBelow(id);
      expect([id, result.body['pagination'].total_count]).toEqual([id, total]);
      // An empty one is looked up, so that it can be told from one that is not there.
      expect([id, count]).toEqual([id, total === 0 ? 2 : 1]);
    }
  });

  it('takes the filters, sorts, facets and pages of any list', async () => {
    const root = await addCategory(app, 'Shed');
    const below = await addCategory(app, 'Below the shed', root);
    const ids = await Promise.all(
      [30, 10, 20, 40].map((price, index) => addProduct(app, { price, category_id: index % 2 ? root : below, is_featured: price < 40 })),
    );
    const path = `/categories/${root}/products?sort_by=price&sort_order=desc&is_featured=true&page_size=2&category_id=1`;
    const { body } = await app.get(`${path}&facets=true`);
    expect(idsOf(body['products'])).toEqual([ids[0], ids[2]]);
    expect(body['pagination']).toMatchObject({ total_count: 3, total_pages: 2 });
    expect(body['facets'].category).toEqual([
      { id: below, name: 'Below the shed', count: 2 },
      { id: root, name: 'Shed', count: 1 },
    ]);
    expect(idsOf((await app.get(`${path}&cursor=${body['pagination'].next_cursor}`)).body['products'])).toEqual([ids[1]]);
  });

  it('is not there for a category that is closed', async () => {
    const id = await addCategory(app);
    await addProduct(app, { category_id: id });
    await app.query('UPDATE categories SET is_active = false WHERE id = $1', [id]);
    for (const path of [`/categories/${id}`, `/categories/${id}/products`]) {
      expect(refusal(await app.get(path))).toEqual([404, 'category-not-found']);
    }
  });
});

describe('an admin', () => {
  it('adds categories, with a slug of the name when none is given', async () => {
    const root = await make({ name: 'Café & Té' });
    expect([root.status, root.headers['location']]).toEqual([201, `/categories/${root.body['id']}`]);
    expect(root.body).toEqual({
      id: root.body['id'],
      name: 'Café & Té',
      slug: 'cafe-te',
      parent_id: null,
      product_count: 0,
      description: null,
      children: [],
      breadcrumbs: [{ id: root.body['id'], name: 'Café & Té', slug: 'cafe-te' }],
    });
    const child = await make({ name: 'Café & Té', parent_id: root.body['id'], description: 'Line one\nline two', sort_order: -3 });
    expect(child.body).toMatchObject({
      slug: `cafe-te-${child.body['id']}`,
      parent_id: root.body['id'],
      description: 'Line one\nline two',
    });
    expect(idsOf(child.body['breadcrumbs'])).toEqual([root.body['id'], child.body['id']]);
    expect((await app.get(`/categories/${child.body['id']}`)).body).toEqual(child.body);
    expect(await audit(root.body['id'])).toEqual([{ action: 'category.create', actor_id: 1, changes: { name: 'Café & Té' } }]);
  });

  it('changes and moves them, with all that is below', async () => {
    const [from, to] = [await addCategory(app, 'From'), await addCategory(app, 'To')];
    const moved = await addCategory(app, 'Moved', from);
    const leaf = await addCategory(app, 'Leaf of moved', moved);
    await addProduct(app, { category_id: leaf });
    const answer = await edit(moved, { parent_id: to, name: 'Moved on', slug: 'moved-on', description: 'd', sort_order: 2 });
    expect([answer.status, answer.body['name'], answer.body['slug'], answer.body['product_count']]).toEqual([
      200,
      'Moved on',
      'moved-on',
      1,
    ]);
    expect(idsOf((await app.get(`/categories/${leaf}`)).body['breadcrumbs'])).toEqual([to, moved, leaf]);
    expect([await countBelow(from), (await app.get(`/categories/${to}/products`)).body['pagination'].total_count]).toEqual([0, 1]);
    const cleared = await edit(moved, { parent_id: null, description: null });
    expect([cleared.body['parent_id'], cleared.body['description']]).toEqual([null, null]);
    expect((await audit(moved)).map((entry) => [entry['action'], entry['changes']])).toEqual([
      ['category.update', { parent_id: to, name: 'Moved on', slug: 'moved-on', description: 'd', sort_order: 2 }],
      ['category.update', { parent_id: null, description: null }],
    ]);
  });

  it('is told what is taken, and what would make a ring', async () => {
    const parent = await addCategory(app, 'Ring');
    const child = await addCategory(app, 'Below ring', parent);
    const other = await addCategory(app, 'Sibling of ring');
    const slug = (await app.get(`/categories/${parent}`)).body['slug'];
    expect(refusal(await make({ name: 'Ring' }))).toEqual([409, 'category-name-taken', '/name']);
    expect(refusal(await make({ name: 'Below ring', parent_id: parent }))).toEqual([409, 'category-name-taken', '/name']);
    expect((await make({ name: 'Below ring', parent_id: other })).status).toBe(201);
    expect(refusal(await make({ name: 'Other', slug }))).toEqual([409, 'category-slug-taken', '/slug']);
    expect(refusal(await edit(other, { name: 'Ring' }))).toEqual([409, 'category-name-taken', '/name']);
    expect(refusal(await edit(other, { slug }))).toEqual([409, 'category-slug-taken', '/slug']);
    for (const below of [parent, child]) {
      expect(refusal(await edit(parent, { parent_id: below }))).toEqual([409, 'category-cycle', '/parent_id']);
    }
    expect((await app.get(`/categories/${child}`)).body['parent_id']).toBe(parent);
    expect(await audit(parent)).toEqual([]);
  });

  it('deletes an empty one only', async () => {
    const parent = await addCategory(app);
    const child = await addCategory(app, undefined, parent);
    const product = await addProduct(app, { category_id: child, is_active: false });
    const remove = (id: number) => app.delete(`/categories/${id}`, { as: admin });
    const full = await remove(child);
    expect(refusal(full)).toEqual([409, 'category-in-use']);
    expect([full.body['products'], full.body['children']]).toEqual([1, 0]);
    expect((await remove(parent)).body).toMatchObject({ status: 409, products: 0, children: 1 });
    await app.query('DELETE FROM products WHERE id = $1', [product]);
    expect([(await remove(child)).status, (await remove(parent)).status]).toEqual([204, 204]);
    expect(await audit(parent)).toEqual([{ action: 'category.delete', actor_id: 1, changes: {} }]);
    expect(refusal(await remove(parent))).toEqual([404, 'category-not-found']);
  });

  it('finds no category that is not there', async () => {
    expect(refusal(await edit(987654321, { name: 'X' }))).toEqual([404, 'category-not-found']);
    expect(refusal(await make({ name: 'Orphan', parent_id: 987654321 }))).toEqual([404, 'category-not-found']);
    const id = await addCategory(app);
    expect(refusal(await edit(id, { parent_id: 987654321 }))).toEqual([404, 'category-not-found']);
  });

  it.each([
    [{}, '/name'],
    [{ name: '' }, '/name'],
    [{ name: '  ' }, '/name'],
    [{ name: 'a\u0007' }, '/name'],
    [{ name: 'x'.repeat(101) }, '/name'],
    [{ name: 'X', slug: 'Not A Slug' }, '/slug'],
    [{ name: 'X', slug: 'a--b' }, '/slug'],
    [{ name: 'X', parent_id: 0 }, '/parent_id'],
    [{ name: 'X', parent_id: '1' }, '/parent_id'],
    [{ name: 'X', sort_order: 1.5 }, '/sort_order'],
    [{ name: 'X', product_count: 5 }, '/product_count'],
    [{ name: 'X', is_active: false }, '/is_active'],
  ])('is refused the body %j', async (body, pointer) => {
    expect(refusal(await make(body))).toEqual([400, 'invalid-input', pointer]);
  });

  it('has to change something', async () => {
    expect(refusal(await edit(await addCategory(app), {}))).toEqual([400, 'invalid-input', '']);
  });
});

describe('anyone else', () => {
  it.each([
    ['stranger', 401],
    ['customer', 403],
    ['seller', 403],
  ] as const)('who is a %s is refused with %i and changes nothing', async (who, status) => {
    const as = who === 'stranger' ? undefined : await app.token(who);
    const id = await addCategory(app, `Closed to a ${who}`);
    const answers = [
      await app.post('/categories', { name: 'X' }, { as }),
      await app.patch(`/categories/${id}`, { name: 'X' }, { as }),
      await app.delete(`/categories/${id}`, { as }),
    ];
    expect(answers.map((answer) => answer.status)).toEqual([status, status, status]);
    expect((await app.get(`/categories/${id}`)).body['name']).toBe(`Closed to a ${who}`);
  });
});
