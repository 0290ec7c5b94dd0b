import { startTestApp, type Json, type TestApp } from './app.harness.js';
import { refusal } from './accounts.fixture.js';
import { newProduct, newUser, type Shopper } from './checkout.fixture.js';
import { expectSoundBooks } from './invariants.fixture.js';
import { auditOf, csvOf, figures, fingerprint, formOf, importCsv, importForm } from './import.fixture.js';

describe('POST /products/import', () => {
  let app: TestApp;
  let seller: Shopper;
  let admin: Shopper;

  beforeAll(async () => {
    app = await startTestApp();
    admin = { id: 1, token: await app.token('admin') };
  });
  beforeEach(async () => {
    seller = await newUser(app, 'seller');
  });
  afterEach(() => expectSoundBooks(app));
  afterAll(() => app.close());

  const product = async (sku: string): Promise<Json> => (await app.query('SELECT * FROM products WHERE sku = $1', [sku]))[0] ?? {};
  const eventsOf = (sku: string): Promise<Json[]> =>
    app.query(
      `SELECT event_type, payload FROM outbox WHERE aggregate_type = 'product' AND aggregate_id = (SELECT id FROM products WHERE sku = $1) ORDER BY id`,
      [sku],
    );

  it('makes products of all columns, as their seller', async () => {
    const header = [
      'sku', 'name', 'slug', 'price', 'sale_price', 'stock_quantity', 'category_id', 'brand', 'weight', 'dimensions', 'image_url',
      'is_featured', 'is_active', 'short_description', 'description',
    ]; // prettier-ignore
    const row = {
      sku: 'ALL-1', name: 'Désk, "small"', slug: 'desk-small', price: '99.90', sale_price: '79,5', stock_quantity: 7, category_id: 3,
      brand: 'Acme', weight: '12.5', dimensions: '1 x 2 m', image_url: 'https://x.test/desk.jpg', is_featured: 'yes', is_active: 'false',
      short_description: 'A desk', description: 'Line 1\nLine 2',
    }; // prettier-ignore
    const answer = await importCsv(app, seller, csvOf([row], header));
    expect([answer.status, figures(answer)]).toEqual([200, { rows: 1, created: 1, updated: 0, unchanged: 0, failed: 0 }]);
    expect(await product('ALL-1')).toMatchObject({
      ...row,
      price: 99.9,
      sale_price: 79.5,
      weight: 12.5,
      is_featured: true,
      is_active: false,
      seller_id: seller.id,
      version: 1,
    });
    expect(
      await app.query('SELECT delta, cause, actor_id FROM stock_movements WHERE product_id = $1', [(await product('ALL-1'))['id']]),
    ).toEqual([{ delta: 7, cause: 'import', actor_id: seller.id }]);
    expect(await eventsOf('ALL-1')).toMatchObject([
      {
        event_type: 'product.changed',
        payload: { product_id: (await product('ALL-1'))['id'], fields: expect.arrayContaining(['name', 'price']) },
      },
    ]);
  });

  it('answers with the report, and enters one line in the audit log', async () => {
    const answer = await importCsv(
      app,
      seller,
      csvOf([{ sku: 'AUD-1' }, { sku: 'AUD-2', price: 'x' }], ['sku', 'name', 'price', 'stock_quantity', 'category', 'Notes']),
    );
    expect(answer.body).toEqual({
      dry_run: false,
      format: 'techmart',
      encoding: 'utf-8',
      delimiter: ',',
      rows: 2,
      products: 2,
      created: 1,
      updated: 0,
      unchanged: 0,
      failed: 1,
      warnings: [{ line: 1, column: null, message: 'columns that are not used: Notes' }],
      errors: [{ line: 3, column: 'price', sku: 'AUD-2', message: expect.stringMatching(/^must be an amount/) }],
      errors_truncated: false,
    });
    expect(await auditOf(app, seller)).toEqual([
      {
        entity_type: 'product',
        entity_id: null,
        request_id: answer.headers['x-request-id'],
        changes: { outcome: 'complete', format: 'techmart', rows: 2, created: 1, updated: 0, unchanged: 0, failed: 1 },
      },
    ]);
  });

  it('changes what differs, and leaves what the file does not speak of', async () => {
    await importCsv(
      app,
      seller,
      csvOf(
        [{ sku: 'CH-1', brand: 'Acme', stock_quantity: 20 }, { sku: 'CH-2' }],
        ['sku', 'name', 'price', 'stock_quantity', 'category', 'brand'],
      ),
    );
    const before = await product('CH-2');
    const answer = await importCsv(
      app,
      seller,
      csvOf([
        { sku: 'CH-1', price: 12, stock_quantity: 8 },
        { sku: 'CH-2', price: '10.00' },
      ]),
    );
    expect(figures(answer)).toEqual({ rows: 2, created: 0, updated: 1, unchanged: 1, failed: 0 });
    expect(await product('CH-1')).toMatchObject({ price: 12, stock_quantity: 8, brand: 'Acme', version: 2 });
    expect(await product('CH-2')).toEqual(before);
    expect((await eventsOf('CH-1')).map((event) => event['event_type'])).toEqual([
      'product.changed',
      'product.changed',
      'product.stock_low',
    ]);
    expect((await eventsOf('CH-1'))[2]).toMatchObject({ payload: { stock_quantity: 8 } });
    expect(
      await app.query('SELECT delta, cause FROM stock_movements WHERE product_id = $1 ORDER BY id', [(await product('CH-1'))['id']]),
    ).toEqual([
      { delta: 20, cause: 'import' },
      { delta: -12, cause: 'import' },
    ]);
  });

  it('changes nothing when the same file comes again, but for the audit log', async () => {
    const file = csvOf([{ sku: 'SAME-1' }, { sku: 'SAME-2', name: 'Second lamp' }]);
    await importCsv(app, seller, file);
    const { audited, ...before } = await fingerprint(app);
    expect(figures(await importCsv(app, seller, file))).toEqual({ rows: 2, created: 0, updated: 0, unchanged: 2, failed: 0 });
    expect(await fingerprint(app)).toEqual({ ...before, audited: Number(audited) + 1 });
  });

  it('empties a cell that may be empty, and keeps one that may not', async () => {
    const header = ['sku', 'name', 'price', 'stock_quantity', 'category', 'brand', 'sale_price', 'slug', 'is_active'];
    await importCsv(app, seller, csvOf([{ sku: 'EM-1', brand: 'Acme', sale_price: 5, slug: 'em-1', is_active: 'false' }], header));
    await importCsv(app, seller, csvOf([{ sku: 'EM-1' }], header));
    expect(await product('EM-1')).toMatchObject({ brand: null, sale_price: null, slug: 'em-1', is_active: false, version: 2 });
  });

  it('writes nothing in a dry run, and reports what the import then does', async () => {
    await importCsv(app, seller, csvOf([{ sku: 'DRY-1' }]));
    const file = csvOf([{ sku: 'DRY-1', price: 11 }, { sku: 'DRY-2' }, { sku: 'DRY-3', stock_quantity: 'many' }]);
    const before = await fingerprint(app);
    const rehearsal = await importCsv(app, seller, file, '?dry_run=true');
    expect(await fingerprint(app)).toEqual(before);
    expect(figures(rehearsal)).toEqual({ rows: 3, created: 1, updated: 1, unchanged: 0, failed: 1 });
    expect((await importCsv(app, seller, file)).body).toEqual({ ...rehearsal.body, dry_run: false });
  });

  it('takes every good row of a file, and names every bad one by line and column', async () => {
    const lines = [
      'sku,name,price,stock_quantity,category,slug',
      'BR-1,Good,1,1,1,',
      ',No SKU,1,1,1,',
      'BR-2,"Two\nlines",1,1,1,',
      'BR-3,Bad price,12 €,1,1,',
      'BR-4,6" nails,1,1,1,',
      'BR-5,Nowhere,1,1,Atlantis,',
      'BR-1,Again,1,1,1,',
      'BR-6,Taken slug,1,1,1,br-taken',
      'BR-7,Many,things,1,1,1,1,',
      'BR-8,Good,1,1,1,',
    ];
    await app.query(`UPDATE products SET slug = 'br-taken' WHERE id = 2`);
    const answer = await importCsv(app, seller, lines.join('\r\n'));
    expect(figures(answer)).toEqual({ rows: 10, created: 2, updated: 0, unchanged: 0, failed: 8 });
    expect((answer.body['errors'] as Json[]).map(({ line, column, sku }) => [line, column, sku])).toEqual([
      [3, 'sku', undefined],
      [4, 'name', 'BR-2'],
      [6, 'price', 'BR-3'],
      [7, 'name', undefined],
      [8, 'category', 'BR-5'],
      [9, 'sku', 'BR-1'],
      [10, 'slug', 'BR-6'],
      [11, null, undefined],
    ]);
    expect(await app.query(`SELECT sku FROM products WHERE sku LIKE 'BR-%' AND seller_id = $1 ORDER BY sku`, [seller.id])).toEqual([
      { sku: 'BR-1' },
      { sku: 'BR-8' },
    ]);
  });

  it("never touches another seller's product, nor the house's, unless an admin asks", async () => {
    const other = await newUser(app, 'seller');
    const ids = [await newProduct(app, { seller: other }), await newProduct(app)];
    const skus = await app.query<{ sku: string }>('SELECT sku FROM products WHERE id = ANY ($1) ORDER BY id', [ids]);
    const file = csvOf(skus.map(({ sku }) => ({ sku, name: 'Mine now', price: 1 })));
    const before = await app.query('SELECT * FROM products WHERE id = ANY ($1) ORDER BY id', [ids]);
    const refused = await importCsv(app, seller, file);
    expect([figures(refused)['failed'], (refused.body['errors'] as Json[])[0]]).toEqual([
      2,
      { line: 2, column: 'sku', sku: skus[0]?.sku, message: "is that of another seller's product" },
    ]);
    expect(await app.query('SELECT * FROM products WHERE id = ANY ($1) ORDER BY id', [ids])).toEqual(before);
    expect(figures(await importCsv(app, admin, file))['updated']).toBe(2);
    expect(await app.query('SELECT seller_id, name FROM products WHERE id = ANY ($1) ORDER BY id', [ids])).toEqual([
      { seller_id: other.id, name: 'Mine now' },
      { seller_id: null, name: 'Mine now' },
    ]);
  });

  it("makes an admin's new products the house's", async () => {
    await importCsv(app, admin, csvOf([{ sku: 'HOUSE-1' }]));
    expect((await product('HOUSE-1'))['seller_id']).toBeNull();
  });

  it('gives new products of one name slugs of their own', async () => {
    await importCsv(
      app,
      seller,
      csvOf([
        { sku: 'SL 1', name: 'Slug lamp' },
        { sku: 'SL 2', name: 'Slug lamp' },
      ]),
    );
    await importCsv(app, seller, csvOf([{ sku: 'SL 3', name: 'Slug lamp' }]));
    expect(await app.query(`SELECT slug FROM products WHERE sku LIKE 'SL _' ORDER BY sku`)).toEqual([
      { slug: 'slug-lamp' },
      { slug: 'slug-lamp-sl-2' },
      { slug: 'slug-lamp-sl-3' },
    ]);
  });

  it('refuses a price below the sale price that the file does not set, and writes the rows beside it', async () => {
    await importCsv(
      app,
      seller,
      csvOf([{ sku: 'SP-1', sale_price: 8 }, { sku: 'SP-2' }], ['sku', 'name', 'price', 'stock_quantity', 'category', 'sale_price']),
    );
    const answer = await importCsv(
      app,
      seller,
      csvOf([
        { sku: 'SP-1', price: 5 },
        { sku: 'SP-2', price: 5 },
      ]),
    );
    expect([figures(answer)['updated'], answer.body['errors']]).toEqual([
      1,
      [{ line: 2, column: 'price', sku: 'SP-1', message: 'is below the sale price that the product has; set that too' }],
    ]);
  });

  it('reads a file of another encoding and delimiter', async () => {
    const text = 'sku;name;price;stock_quantity;category\r\nENC-1;Crème brûlée;4,50;1;1\r\n';
    const answer = await importCsv(app, seller, Buffer.from(text, 'latin1'));
    expect(answer.body).toMatchObject({ created: 1, encoding: 'windows-1252', delimiter: ';' });
    expect(await product('ENC-1')).toMatchObject({ name: 'Crème brûlée', price: 4.5 });
  });

  it('takes the file from a form', async () => {
    const file = { name: 'anything', filename: 'products.csv', value: csvOf([{ sku: 'FORM-1' }]) };
    expect(figures(await importForm(app, seller, formOf(file)))['created']).toBe(1);
    const rehearsal = await importForm(app, seller, formOf({ ...file, value: csvOf([{ sku: 'FORM-2' }]) }), '?dry_run=true');
    expect([figures(rehearsal)['created'], await product('FORM-2')]).toEqual([1, {}]);
  });

  it('refuses options in the form before anything is written, and tells of parts after the file', async () => {
    const file = { name: 'file', filename: 'p.csv', value: csvOf([{ sku: 'FORM-3' }]) };
    const option = { name: 'dry_run', value: 'true' };
    expect(refusal(await importForm(app, seller, formOf(option, file)))).toEqual({ status: 400, code: 'malformed-form' });
    expect(await product('FORM-3')).toEqual({});
    const late = await importForm(app, seller, formOf(file, option));
    expect([late.status, late.body['warnings']]).toEqual([
      200,
      [{ line: null, column: null, message: 'the form has a part "dry_run" after the file, which was ignored' }],
    ]);
  });

  it.each([
    ['no file', formOf(), 'no-file'],
    ['no boundary', { type: 'multipart/form-data', body: 'x' }, 'malformed-form'],
    ['parts that are not of a form', { type: 'multipart/form-data; boundary=frontier', body: 'sku,name\n' }, 'upload-cut-off'],
  ])('refuses a form with %s', async (_, form, code) => {
    expect(refusal(await importForm(app, seller, form))).toEqual({ status: 400, code });
  });

  it.each([
    ['a query parameter that is none', 'text/csv', csvOf([]), '?dry_run=perhaps', 400, 'invalid-input'],
    ['nothing', 'text/csv', '', '', 400, 'empty-file'],
    ['blank lines', 'text/csv', '\n\n \n', '', 400, 'empty-file'],
    ['a header that is broken', 'text/csv', 'sku,"name\nA,b', '', 400, 'unreadable-header'],
    ['another table', 'text/csv', 'first,last\nAda,Byron\n', '', 400, 'missing-columns'],
    ['a column twice', 'text/csv', 'sku,SKU,name,price,stock_quantity,category\n', '', 400, 'duplicate-columns'],
    ['JSON', 'application/json', '{}', '', 415, 'unsupported-media-type'],
    ['a workbook', 'application/vnd.ms-excel', 'x', '', 415, 'unsupported-media-type'],
  ])('refuses %s', async (_, type, body, query, status, code) => {
    const before = await fingerprint(app);
    const answer = await app.post(`/products/import${query}`, body, { as: seller.token, headers: { 'content-type': type } });
    expect(refusal(answer)).toMatchObject({ status, code });
    expect(await fingerprint(app)).toEqual(before);
  });

  it.each([
    ['an image', Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.alloc(5000, 7)]), 'a PNG image'],
    ['JSON', Buffer.from('[{"sku": "A"}]'), 'JSON'],
    ['a page', Buffer.from('<!doctype html><html></html>'), 'HTML or XML'],
    ['an archive', Buffer.from('PK\x03\x04rest', 'latin1'), 'an Excel workbook or a ZIP archive'],
  ])('refuses %s that calls itself CSV, in either kind of body', async (_, bytes, kind) => {
    const detail = `this is ${kind}; save it as CSV and send that`;
    expect(await importCsv(app, seller, bytes)).toMatchObject({ status: 415, body: { detail } });
    const { type, body } = formOf({ name: 'file', filename: 'products.csv', value: '@@' });
    const form = Buffer.concat([Buffer.from(body.split('@@')[0]!), bytes, Buffer.from(body.split('@@')[1]!)]);
    const answer = await app.post('/products/import', form, { as: seller.token, headers: { 'content-type': type } });
    expect([answer.status, answer.body['detail']]).toEqual([415, detail]);
    expect(await auditOf(app, seller)).toEqual([]);
  });

  it('takes half a file that was cut off before it was sent, without the row that was cut', async () => {
    const file = csvOf([{ sku: 'HALF-1' }, { sku: 'HALF-2' }, { sku: 'HALF-3', name: 'A lamp with a long name' }]);
    const answer = await importCsv(app, seller, file.slice(0, file.indexOf('with a')));
    expect(figures(answer)).toEqual({ rows: 3, created: 2, updated: 0, unchanged: 0, failed: 1 });
    expect(answer.body['errors']).toEqual([{ line: 4, column: 'name', message: 'the file ends within this row, at field 2 of 5' }]);
    expect(await product('HALF-3')).toEqual({});
  });
});
