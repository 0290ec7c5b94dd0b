import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startTestApp, type Json, type TestApp } from './app.harness.js';
import { newUser, type Shopper } from './checkout.fixture.js';
import { expectSoundBooks } from './invariants.fixture.js';
import { figures, fingerprint, importCsv } from './import.fixture.js';

/** As a seller exported it: 41 rows under 23 variants of 20 products, CRLF between rows and LF within them. */
const file = readFileSync(join(__dirname, 'fixtures/shopify-jewelery.csv'));

describe("Shopify's product export", () => {
  let app: TestApp;
  let seller: Shopper;

  beforeAll(async () => {
    app = await startTestApp();
    seller = await newUser(app, 'seller');
  });
  afterEach(() => expectSoundBooks(app));
  afterAll(() => app.close());

  const products = (): Promise<Json[]> =>
    app.query(
      `SELECT p.*, (SELECT array_agg(step.name ORDER BY cardinality(step.path)) FROM categories step WHERE step.id = ANY (c.path)) AS way
         FROM products p JOIN categories c ON c.id = p.category_id WHERE seller_id = $1 ORDER BY sku`,
      [seller.id],
    );

  it('is rehearsed without a trace, categories included', async () => {
    const before = await fingerprint(app);
    const answer = await importCsv(app, seller, file, '?dry_run=true');
    expect([answer.body['format'], figures(answer)]).toEqual(['shopify', { rows: 41, created: 23, updated: 0, unchanged: 0, failed: 0 }]);
    expect(await fingerprint(app)).toEqual(before);
  });

  it('becomes a product for each variant', async () => {
    const answer = await importCsv(app, seller, file);
    expect([answer.status, figures(answer)]).toEqual([200, { rows: 41, created: 23, updated: 0, unchanged: 0, failed: 0 }]);
    expect(answer.body['errors']).toEqual([]);
    expect(answer.body['warnings']).toEqual([
      { line: 1, column: null, message: expect.stringMatching(/^columns that are not used: Tags, /) },
    ]);

    const rows = await products();
    expect(rows.length).toBe(23);
    const bySku = new Map(rows.map((row) => [String(row['sku']), row]));
    expect(bySku.get('chain-bracelet-blue')).toMatchObject({
      name: '7 Shakra Bracelet - Blue',
      slug: 'chain-bracelet-blue',
      description: '7 chakra bracelet, in blue or black.',
      brand: 'Company 123',
      price: 44.99,
      sale_price: 42.99,
      stock_quantity: 1,
      weight: null,
      is_active: true,
      image_url: 'https://burst.shopifycdn.com/photos/navy-blue-chakra-bracelet_925x.jpg',
      way: ['Imported', 'Bracelet'],
    });
    expect(bySku.get('chain-bracelet-black')).toMatchObject({
      stock_quantity: 0,
      image_url: expect.stringContaining('7-chakra-bracelet_925x'),
    });
    expect(bySku.get('leather-anchor-silver')).toMatchObject({ price: 85, sale_price: 55 });
    expect(bySku.get('boho-earrings')).toMatchObject({ name: 'Boho Earrings', weight: 0.03, way: ['Imported', 'Earrings'] });
    expect(bySku.get('gold-bird-necklace')).toMatchObject({ price: 79.99, sale_price: null });
    expect(rows.every((row) => !/[<>]|&\w+;/.test(String(row['description'])))).toBe(true);
  });

  it('made its categories once, in the name of the seller', async () => {
    const made = await app.query(`SELECT changes FROM audit_log WHERE actor_id = $1 AND action = 'category.create' ORDER BY id`, [
      seller.id,
    ]);
    expect(made.map(({ changes }) => changes['name'])).toEqual(['Imported', 'Bracelet', 'Earrings', 'Necklace']);
  });

  it('changes nothing when it comes again, in whatever encoding, delimiter and order of columns', async () => {
    const before = await products();
    const same = { rows: 41, created: 0, updated: 0, unchanged: 23, failed: 0 };
    expect(figures(await importCsv(app, seller, file))).toEqual(same);
    const utf16 = Buffer.from(`\ufeff${file.toString('utf8')}`, 'utf16le');
    expect(figures(await importCsv(app, seller, utf16))).toEqual(same);
    expect(await products()).toEqual(before);
  });

  it('changes the product of a variant that has changed, and keeps where it is found', async () => {
    const changed = file.toString('utf8').replace('7 Shakra Bracelet', 'Chakra Bracelet').replace(',79.99,', ',69.99,');
    expect(figures(await importCsv(app, seller, changed))).toEqual({ rows: 41, created: 0, updated: 3, unchanged: 20, failed: 0 });
    const rows = await products();
    expect(rows.filter(({ version }) => version === 2).map(({ sku, slug, name, price }) => [sku, slug, name, price])).toEqual([
      ['chain-bracelet-black', 'chain-bracelet-black', 'Chakra Bracelet - Black', 44.99],
      ['chain-bracelet-blue', 'chain-bracelet-blue', 'Chakra Bracelet - Blue', 44.99],
      ['gold-bird-necklace', 'gold-bird-necklace', 'Gold Bird Necklace', 69.99],
    ]);
  });

  it('is read in the columns of the newer export, with SKUs, a category path, and a status', async () => {
    const [category] = await app.query<{ id: number; path: string }>(
      `SELECT c.id, string_agg(a.name, ' > ' ORDER BY cardinality(a.path)) AS path FROM categories c JOIN categories a ON a.id = ANY (c.path)
        WHERE cardinality(c.path) = 3 GROUP BY c.id ORDER BY c.id LIMIT 1`,
    );
    const lines = [
      'Title;URL handle;Description;Product category;Status;SKU;Option1 value;Price;Compare-at price;Inventory quantity;Product image URL',
      `Cup;cup;<p>Holds <b>tea</b></p>;${category?.path};Active;'0042;Red;9,50;12,00;3;https://x.test/cup.jpg`,
      ';cup;;;;CUP-B;Blue;9,50;;2;',
      `Old cup;old-cup;;${category?.path};Archived;;Default Title;5;;0;`,
    ];
    const answer = await importCsv(app, seller, lines.join('\n'));
    expect([answer.body['delimiter'], figures(answer)]).toEqual([';', { rows: 3, created: 3, updated: 0, unchanged: 0, failed: 0 }]);
    const rows = (await products()).filter(({ sku }) => ['0042', 'CUP-B', 'old-cup'].includes(String(sku)));
    expect(rows).toMatchObject([
      { sku: '0042', name: 'Cup - Red', slug: 'cup-red', price: 12, sale_price: 9.5, description: 'Holds tea', category_id: category?.id },
      {
        sku: 'CUP-B',
        name: 'Cup - Blue',
        slug: 'cup-blue',
        price: 9.5,
        sale_price: null,
        is_active: true,
        image_url: 'https://x.test/cup.jpg',
      },
      { sku: 'old-cup', is_active: false, stock_quantity: 0 },
    ]);
  });

  it('leaves a product where its seller has put it when the file names no type', async () => {
    const bare = 'Handle,Title,Variant Price\nbare,Bare thing,1\n';
    await importCsv(app, seller, bare);
    const where = async (): Promise<unknown> => (await products()).find(({ sku }) => sku === 'bare')?.['way'];
    expect(await where()).toEqual(['Imported']);
    await app.query(`UPDATE products SET category_id = 1 WHERE sku = 'bare'`);
    const moved = await where();
    expect(figures(await importCsv(app, seller, bare))['unchanged']).toBe(1);
    expect(await where()).toEqual(moved);
  });

  it('refuses two variants of one SKU, and takes the first', async () => {
    const lines = ['Handle,Title,Option1 Value,Variant SKU,Variant Price', 'twin,Twin,A,TW-1,1', 'twin,,B,TW-1,1', 'twin,,C,,x'];
    const answer = await importCsv(app, seller, lines.join('\n'));
    expect([figures(answer)['created'], answer.body['errors']]).toEqual([
      1,
      [
        { line: 3, column: 'Variant SKU', sku: 'TW-1', message: 'is on line 2 already' },
        { line: 4, column: 'Variant Price', sku: 'twin-c', message: expect.stringMatching(/^must be an amount/) },
      ],
    ]);
  });
});
