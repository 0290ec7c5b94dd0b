import { startTestApp, type Json, type TestApp } from './app.harness.js';
import { addCategory, addProduct, searchIds } from './catalogue.fixture.js';
import { refusal } from './community.fixture.js';

let app: TestApp;
let category: number;
/** The demo seller, id 2, another seller, and the demo admin, id 1. */
let seller: string;
let other: string;
let otherId: number;
let admin: string;
let serial = 0;

beforeAll(async () => {
  app = await startTestApp();
  category = await addCategory(app);
  const [row] = await app.query<{ id: number }>(
    `SELECT id FROM users WHERE user_type = 'seller' AND is_active AND id > 3 ORDER BY id LIMIT 1`,
  );
  otherId = row!.id;
  [seller, other, admin] = await Promise.all([app.token('seller'), app.token(otherId), app.token('admin')]);
});
afterAll(() => app.close());

const minimal = (): Json => {
  serial += 1;
  return { name: `Turntable ${serial}`, sku: `W-${serial}`, price: 199.5, stock_quantity: 5, category_id: category };
};
const create = (fields: Json = {}, as = seller) => app.post('/products', { ...minimal(), ...fields }, { as });
const edit = (id: number, body: unknown, { as = seller, ifMatch }: { as?: string; ifMatch?: string } = {}) =>
  app.patch(`/products/${id}`, body, { as, headers: ifMatch === undefined ? {} : { 'if-match': ifMatch } });
const remove = (id: number, { as = seller, ifMatch }: { as?: string; ifMatch?: string } = {}) =>
  app.delete(`/products/${id}`, { as, headers: ifMatch === undefined ? {} : { 'if-match': ifMatch } });
const audit = (id: number): Promise<Json[]> =>
  app.query(`SELECT action, actor_id, changes FROM audit_log WHERE entity_type = 'product' AND entity_id = $1 ORDER BY id`, [id]);
const versionOf = async (id: number) => (await app.query('SELECT version FROM products WHERE id = $1', [id]))[0]?.['version'];

describe('POST /products', () => {
  it('adds a product of the seller with what is left out at its default', async () => {
    const answer = await create({ name: 'Café Turntable', sku: 'CT-1' });
    expect([answer.status, answer.headers['location']]).toEqual([201, `/products/${answer.body['id']}`]);
    expect(answer.body).toMatchObject({
      name: 'Café Turntable', slug: 'cafe-turntable', sku: 'CT-1', price: 199.5, sale_price: null, stock_quantity: 5, brand: null, weight: null,
      dimensions: null, image_url: null, description: null, short_description: null, is_featured: false, is_active: true, seller_id: 2, version: 1,
      rating: { average: null, count: 0 }, category: { id: category },
    }); // prettier-ignore
    expect((await app.get(`/products/${answer.body['id']}`)).body).toEqual(answer.body);
    expect(await searchIds(app, { query: 'cafe turntable' })).toEqual([answer.body['id']]);
    const changes = { name: 'Café Turntable', sku: 'CT-1', price: 199.5, stock_quantity: 5, category_id: category, seller_id: 2 };
    expect(await audit(answer.body['id'])).toEqual([
      { action: 'product.create', actor_id: 2, changes: { ...changes, slug: 'cafe-turntable' } },
    ]);
  });

  it('takes every field', async () => {
    const given = {
      slug: `all-of-it-${category}`, description: 'Two\nlines', short_description: 'short', sale_price: 99.99, brand: 'Acme', weight: 1.25,
      dimensions: '1 x 2 x 3 cm', image_url: 'https://images.example.com/1.jpg', is_featured: true, is_active: false,
    }; // prettier-ignore
    const { status, body } = await create(given);
    expect(status).toBe(201);
    expect(body).toMatchObject(given);
    expect((await app.get(`/products/${body['id']}`)).status).toBe(404);
  });

  it('makes another slug when its own is taken, and refuses a given one that is', async () => {
    const first = await create({ name: 'Twin name' });
    const second = await create({ name: 'Twin name' });
    expect(first.body['slug']).toBe('twin-name');
    expect(second.body['slug']).toMatch(/^twin-name-[0-9a-f]{8}$/);
    expect(refusal(await create({ slug: 'twin-name' }))).toEqual([409, 'product-slug-taken', '/slug']);
    expect(refusal(await create({ sku: first.body['sku'] }))).toEqual([409, 'product-sku-taken', '/sku']);
    const racing = await Promise.all([1, 2, 3, 4].map(() => create({ name: 'Racing name' })));
    expect(racing.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    expect(new Set(racing.map(({ body }) => body['slug'])).size).toBe(4);
  });

  it('lets an admin say whose it is: a seller, or the house', async () => {
    expect((await create({ seller_id: otherId }, admin)).body['seller_id']).toBe(otherId);
    expect((await create({ seller_id: null }, admin)).body['seller_id']).toBeNull();
    expect((await create({}, admin)).body['seller_id']).toBeNull();
    for (const nobody of [987654321, 3]) {
      expect(refusal(await create({ seller_id: nobody }, admin))).toEqual([400, 'invalid-input', '/seller_id']);
    }
    expect(refusal(await create({ seller_id: 2 }))).toEqual([403, 'seller-for-admins']);
  });

  it.each([
    [{ name: undefined }, '/name'],
    [{ name: ' ' }, '/name'],
    [{ name: 'x'.repeat(201) }, '/name'],
    [{ name: 'a\nb' }, '/name'],
    [{ name: '\ud800' }, '/name'],
    [{ sku: '' }, '/sku'],
    [{ price: -0.01 }, '/price'],
    [{ price: 1.999 }, '/price'],
    [{ price: '5' }, '/price'],
    [{ price: 100_000_000 }, '/price'],
    [{ sale_price: 199.51 }, '/sale_price'],
    [{ stock_quantity: -1 }, '/stock_quantity'],
    [{ stock_quantity: 1.5 }, '/stock_quantity'],
    [{ stock_quantity: 2_147_483_648 }, '/stock_quantity'],
    [{ category_id: 987654321 }, '/category_id'],
    [{ category_id: null }, '/category_id'],
    [{ slug: 'Not A Slug' }, '/slug'],
    [{ weight: -1 }, '/weight'],
    [{ image_url: 'javascript:alert(1)' }, '/image_url'],
    [{ description: '\u0000' }, '/description'],
    [{ effective_price: 1 }, '/effective_price'],
    [{ rating_average: 5 }, '/rating_average'],
    [{ version: 9 }, '/version'],
  ])('refuses %j', async (fields, pointer) => {
    const before = await app.query('SELECT count(*) FROM products');
    expect(refusal(await create(fields))).toEqual([400, 'invalid-input', pointer]);
    expect(await app.query('SELECT count(*) FROM products')).toEqual(before);
  });
});

describe('PATCH /products/{id}', () => {
  it('changes what is given, clears what is null, raises the version and leaves a trace', async () => {
    const { body: made } = await create({ brand: 'Acme', sale_price: 100, description: 'd' });
    const change = { name: 'Renamed', price: 150, sale_price: null, brand: null, stock_quantity: 9, is_featured: true };
    const answer = await edit(made['id'], change);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ ...made, ...change, version: 2, updated_at: answer.body['updated_at'] });
    expect((await app.get(`/products/${made['id']}`)).body).toEqual(answer.body);
    expect((await audit(made['id'])).at(-1)).toEqual({ action: 'product.update', actor_id: 2, changes: change });
    const stock = await app.query('SELECT delta, cause, actor_id FROM stock_movements WHERE product_id = $1 ORDER BY id', [made['id']]);
    expect(stock.at(-1)).toEqual({ delta: 4, cause: 'edit', actor_id: 2 });
  });

  it('refuses a stale version, and lets one of two edits of the same version through', async () => {
    const { body } = await create();
    const id = body['id'] as number;
    expect((await edit(id, { price: 1 }, { ifMatch: '"1"' })).body['version']).toBe(2);
    for (const ifMatch of ['"1"', '"3"', '2', 'W/"2"', '"x"', '"2", "1"']) {
      expect([ifMatch, ...refusal(await edit(id, { price: 2 }, { ifMatch }))]).toEqual([ifMatch, 412, 'version-stale']);
      expect([ifMatch, ...refusal(await remove(id, { ifMatch }))]).toEqual([ifMatch, 412, 'version-stale']);
    }
    expect((await edit(id, { price: 3 }, { ifMatch: '*' })).body).toMatchObject({ price: 3, version: 3 });
    const both = await Promise.all([edit(id, { price: 4 }, { ifMatch: '"3"' }), edit(id, { price: 5 }, { ifMatch: '"3"' })]);
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 412]);
    expect(await versionOf(id)).toBe(4);
  });

  it('without a field changes nothing, not even the version', async () => {
    const { body } = await create();
    expect((await edit(body['id'], {}, { ifMatch: '"1"' })).body).toEqual(body);
    expect(refusal(await edit(body['id'], {}, { ifMatch: '"2"' }))).toEqual([412, 'version-stale']);
    expect(await audit(body['id'])).toHaveLength(1);
  });

  it('keeps prices, codes and places valid', async () => {
    const { body } = await create({ price: 50, sale_price: 40 });
    const { body: twin } = await create();
    const refused = async (change: Json) => refusal(await edit(body['id'], change));
    expect(await refused({ sale_price: 50.01 })).toEqual([400, 'invalid-input', '/sale_price']);
    expect(await refused({ price: 39 })).toEqual([400, 'invalid-input', '/sale_price']);
    expect(await refused({ category_id: 987654321 })).toEqual([400, 'invalid-input', '/category_id']);
    expect(await refused({ sku: twin['sku'] })).toEqual([409, 'product-sku-taken', '/sku']);
    expect(await refused({ slug: twin['slug'] })).toEqual([409, 'product-slug-taken', '/slug']);
    expect(await refused({ name: null })).toEqual([400, 'invalid-input', '/name']);
    expect(await refused({ colour: 'red' })).toEqual([400, 'invalid-input', '/colour']);
    expect(await refused({ seller_id: 2 })).toEqual([403, 'seller-for-admins']);
    expect((await app.get(`/products/${body['id']}`)).body).toEqual(body);
  });

  it('gives an inactive product back, to its seller alone', async () => {
    const id = await addProduct(app, { is_active: false, seller_id: 2 });
    expect(refusal(await edit(id, { is_active: true }, { as: other }))).toEqual([404, 'product-not-found']);
    expect((await edit(id, { is_active: true })).status).toBe(200);
    expect((await app.get(`/products/${id}`)).status).toBe(200);
  });

  it('moves a product to another seller when an admin says so', async () => {
    const { body } = await create();
    expect((await edit(body['id'], { seller_id: otherId }, { as: admin })).body['seller_id']).toBe(otherId);
    expect(refusal(await edit(body['id'], { price: 1 }))).toEqual([404, 'product-not-found']);
    expect((await edit(body['id'], { price: 1 }, { as: other })).status).toBe(200);
    expect(refusal(await edit(body['id'], { seller_id: 3 }, { as: admin }))).toEqual([400, 'invalid-input', '/seller_id']);
  });
});

describe('DELETE /products/{id}', () => {
  it('takes it off the shop and keeps the row', async () => {
    const { body } = await create({ name: 'Vanishing turntable' });
    expect((await remove(body['id'], { ifMatch: '"1"' })).status).toBe(204);
    expect((await app.get(`/products/${body['id']}`)).status).toBe(404);
    expect(await searchIds(app, { query: 'vanishing turntable' })).toEqual([]);
    const [row] = await app.query('SELECT is_active, version FROM products WHERE id = $1', [body['id']]);
    expect(row).toEqual({ is_active: false, version: 2 });
    expect((await audit(body['id'])).at(-1)).toEqual({ action: 'product.deactivate', actor_id: 2, changes: {} });
    expect(refusal(await remove(body['id']))).toEqual([404, 'product-not-found']);
    expect(await audit(body['id'])).toHaveLength(2);
  });
});

describe("another's product", () => {
  it('is not found by a seller, is open to an admin, and is closed to all others', async () => {
    const { body } = await create();
    const house = await addProduct(app);
    const id = body['id'] as number;
    for (const [product, as] of [
      [id, other],
      [house, seller],
      [987654321, admin],
    ] as const) {
      // prettier-ignore
      expect(refusal(await edit(product, { price: 1 }, { as }))).toEqual([404, 'product-not-found']);
      expect(refusal(await remove(product, { as }))).toEqual([404, 'product-not-found']);
    }
    const customer = await app.token('customer');
    const answers = [
      await app.post('/products', minimal(), { as: customer }),
      await edit(id, { price: 1 }, { as: customer }),
      await remove(id, { as: customer }),
      await app.post('/products', minimal()),
      await app.patch(`/products/${id}`, { price: 1 }),
      await app.delete(`/products/${id}`),
    ];
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 401, 401, 401]);
    expect([await versionOf(id), await versionOf(house)]).toEqual([1, 1]);
    expect((await edit(id, { price: 7 }, { as: admin })).body).toMatchObject({ price: 7, seller_id: 2 });
    expect((await audit(id)).at(-1)).toMatchObject({ action: 'product.update', actor_id: 1 });
    expect((await remove(house, { as: admin })).status).toBe(204);
  });
});
