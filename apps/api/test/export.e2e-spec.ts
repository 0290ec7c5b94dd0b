import { parse } from 'csv-parse/sync';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ExportRepository } from '../src/products/export/export.repository.js';
import { startTestApp, type Answer, type Json, type TestApp } from './app.harness.js';
import { newProduct, newUser, type Shopper } from './checkout.fixture.js';
import { figures, fingerprint, importCsv } from './import.fixture.js';

const exported = (app: TestApp, user: Shopper, query = ''): Promise<Answer> => app.get(`/products/export${query}`, { as: user.token });
const rowsOf = (answer: Answer): Json[] => parse(answer.text, { columns: true, bom: true });

describe('GET /products/export', () => {
  let app: TestApp;
  let admin: Shopper;
  let seller: Shopper;

  beforeAll(async () => {
    app = await startTestApp();
    admin = { id: 1, token: await app.token('admin') };
    await app.nest.listen({ host: '127.0.0.1', port: 0 });
  });
  beforeEach(async () => {
    seller = await newUser(app, 'seller');
  });
  afterAll(() => app.close());

  it('gives a seller the own products, inactive ones too, in our columns', async () => {
    const id = await newProduct(app, { seller, price: 12.5, salePrice: 9, stock: 3 });
    await app.query('UPDATE products SET is_active = false WHERE id = $1', [id]);
    await newProduct(app);
    const answer = await exported(app, seller);
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'text/csv; charset=utf-8; header=present']);
    expect(answer.headers['content-disposition']).toMatch(/^attachment; filename="products-\d{4}-\d\d-\d\d\.csv"$/);
    const [category] = await app.query<{ name: string }>('SELECT name FROM categories WHERE id = (SELECT min(id) FROM categories)');
    expect(rowsOf(answer)).toEqual([
      {
        sku: expect.stringMatching(/^thing-/), name: expect.stringMatching(/^thing-/), slug: expect.stringMatching(/^thing-/),
        price: '12.50', sale_price: '9.00', stock_quantity: '3', category: category?.name, brand: '', weight: '', dimensions: '', image_url: '',
        is_featured: 'false', is_active: 'false', short_description: '', description: '', id: String(id),
      },
    ]); // prettier-ignore
  });

  it('gives a seller without products the header alone', async () => {
    expect((await exported(app, seller)).text).toBe(
      'sku,name,slug,price,sale_price,stock_quantity,category,brand,weight,dimensions,image_url,is_featured,is_active,short_description,description,id\n',
    );
  });

  it('gives an admin every product, each once, over several pages', async () => {
    const ids = await app.query<{ id: number }>('SELECT id FROM products ORDER BY id');
    expect(ids.length).toBeGreaterThan(500);
    const { count, result } = await app.queriesOf(() => exported(app, admin));
    expect(rowsOf(result).map((row) => Number(row['id']))).toEqual(ids.map(({ id }) => id));
    // Two pages, the empty one after them, and the look at the session.
    expect(count).toBe(4);
  });

  it('begins with a byte order mark when it is asked to, and is imported with it', async () => {
    await newProduct(app, { seller });
    const { text } = await exported(app, seller, '?bom=true');
    expect(text.startsWith('\ufeffsku,')).toBe(true);
    expect(figures(await importCsv(app, seller, text))).toMatchObject({ rows: 1, unchanged: 1 });
    expect((await exported(app, seller, '?bom=maybe')).status).toBe(400);
  });

  it.each([
    ['customer', 403],
    [undefined, 401],
  ] as const)('is closed to %s', async (role, status) => {
    const as = role && (await app.token(role));
    expect((await app.get('/products/export', { as })).status).toBe(status);
  });

  it('comes back as it went, whatever the texts are', async () => {
    const texts = [
      '=HYPERLINK("http://x.test")', "'=1", "''-", '+1', '-1', '@SUM(A1)', '\tindented', '  spaces around  ', ' ', 'quote " and, comma; and\ttab',
      'CR\r alone', 'CRLF\r\nand LF\n', '漢字 😀 é', "'quoted'", 'ends with a quote "', '\u00a0hard space\u00a0', 'null', 'true', '0012', '＝1',
    ]; // prettier-ignore
    // Names are never blank; texts may be.
    const lines = texts.map((text) => (text === ' ' ? 'x' : text.replaceAll(/[\t\r\n]/g, ' ')));
    await app.query(
      `INSERT INTO products (sku, name, slug, description, short_description, brand, dimensions, price, sale_price, stock_quantity, weight, category_id, seller_id, is_featured)
       SELECT 'NASTY' || n || line, line, 'nasty-' || n, text, text, line, line, 10.10, 0, n, 0.1, (SELECT max(id) FROM categories), $3, n % 2 = 0
         FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS given (text, line, n)`,
      [texts, lines, seller.id],
    );
    const { audited, ...before } = await fingerprint(app);
    const answer = await exported(app, seller);
    expect(rowsOf(answer).some(({ name }) => /^[=+\-@\t\r]/.test(String(name)))).toBe(false);
    expect(figures(await importCsv(app, seller, answer.text))).toEqual({ rows: 20, created: 0, updated: 0, unchanged: 20, failed: 0 });
    expect(await fingerprint(app)).toEqual({ ...before, audited: Number(audited) + 1 });
  });

  it('comes back as it went with all seeded products', async () => {
    const { audited, ...before } = await fingerprint(app);
    const { text } = await exported(app, admin);
    const answer = await importCsv(app, admin, text);
    expect([figures(answer)['unchanged'], answer.body['errors'], answer.body['warnings']]).toEqual([answer.body['rows'], [], []]);
    expect(await fingerprint(app)).toEqual({ ...before, audited: Number(audited) + 1 });
  });

  it('names a category so that the import finds it again, also one whose name looks like a path', async () => {
    const [odd] = await app.query<{ id: number }>(`INSERT INTO categories (name, slug) VALUES ('Audio > Odd', 'odd') RETURNING id`);
    const [audio] = await app.query<{ id: number }>(`INSERT INTO categories (name, slug) VALUES ('Audio ', 'audio-space') RETURNING id`);
    await app.query(
      `INSERT INTO categories (name, slug, parent_id) VALUES ('Odd', 'audio-odd', (SELECT id FROM categories WHERE name = 'Audio'))`,
    );
    for (const category of [odd, audio]) {
      const id = await newProduct(app, { seller });
      await app.query('UPDATE products SET category_id = $2 WHERE id = $1', [id, category?.id]);
    }
    const { text } = await exported(app, seller);
    expect(rowsOf({ text } as Answer).map(({ category }) => category)).toEqual(['odd', 'Audio ']);
    expect(figures(await importCsv(app, seller, text))['unchanged']).toBe(2);
  });

  it('changes what was changed in the file, and nothing else', async () => {
    const ids = [await newProduct(app, { seller, price: 10 }), await newProduct(app, { seller, price: 10 })];
    const { text } = await exported(app, seller);
    const edited = text.replace(',10.00,', ',11.50,');
    expect(figures(await importCsv(app, seller, edited))).toEqual({ rows: 2, created: 0, updated: 1, unchanged: 1, failed: 0 });
    expect(await app.query('SELECT price, version FROM products WHERE id = ANY ($1) ORDER BY id', [ids])).toEqual([
      { price: 11.5, version: 2 },
      { price: 10, version: 1 },
    ]);
  });

  it('is cut off, not ended, when the database goes away half way', async () => {
    const products = app.resolve<ExportRepository>(ExportRepository);
    const findPage = products.findPage.bind(products);
    products.findPage = (sellerId, afterId) => (afterId === 0 ? findPage(sellerId, afterId) : Promise.reject(new Error('away')));
    try {
      await expect(download(app, admin)).rejects.toThrow('aborted');
      products.findPage = () => Promise.reject(new Error('away'));
      expect((await exported(app, admin)).status).toBe(500);
    } finally {
      products.findPage = findPage;
    }
    expect((await download(app, admin)).length).toBeGreaterThan(100_000);
  });
});

function download(app: TestApp, user: Shopper): Promise<string> {
  const { port } = app.nest.getHttpServer().address() as AddressInfo;
  const headers = { authorization: `Bearer ${user.token}` };
  return new Promise((resolve, reject) => {
    const message = request({ port, host: '127.0.0.1', path: '/products/export', headers }, (response) => {
      let text = '';
      response.on('data', (chunk) => (text += String(chunk)));
      response.on('end', () => resolve(text));
      response.on('error', reject);
    });
    message.on('error', reject);
    message.end();
  });
}
