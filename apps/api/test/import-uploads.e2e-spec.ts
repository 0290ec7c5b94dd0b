import { startTestApp, type Answer, type TestApp } from './app.harness.js';
import { newUser, type Shopper } from './checkout.fixture.js';
import { auditOf, columns, csvOf, eventually, figures, fingerprint, formOf, importCsv, SlowUpload } from './import.fixture.js';

const limits = { importLimitBytes: 200_000, requestTimeoutMs: 2000, importTimeoutMs: 60_000 };
const filler = (bytes: number): string => `FILL-${bytes},${'x'.repeat(150)},1,1,1\n`.repeat(Math.ceil(bytes / 160));

const manyRows = (prefix: string) =>
  Array.from({ length: 900 }, (_, index) => ({ sku: `${prefix}-${1000 + index}`, name: 'x'.repeat(100) }));

describe('uploads of product files', () => {
  let app: TestApp;
  let seller: Shopper;

  beforeAll(async () => {
    app = await startTestApp({ config: (config) => ({ ...config, http: { ...config.http, ...limits } }) });
    await app.nest.listen({ host: '127.0.0.1', port: 0 });
  });
  beforeEach(async () => {
    seller = await newUser(app, 'seller');
  });
  afterAll(() => app.close());

  const skus = async (): Promise<unknown[]> =>
    (await app.query('SELECT sku FROM products WHERE seller_id = $1 ORDER BY sku', [seller.id])).map(({ sku }) => sku);
  const outcomes = async (): Promise<unknown[]> => (await auditOf(app, seller)).map(({ changes }) => changes['outcome']);

  it('may take longer than other requests, and pause for as long as they may take', async () => {
    const upload = new SlowUpload(app, seller);
    await upload.send(`${columns.join(',')}\n`);
    for (let count = 0; count < 6; count += 1) {
      await new Promise((resolve) => setTimeout(resolve, 750));
      await upload.send(`SLOW-${count},Lamp,1,1,1\n`);
    }
    upload.end();
    const { status, body } = await upload.answer;
    expect([status, body['created']]).toEqual([200, 6]);
  });

  it('are given up when nothing comes any more, after the rows that have come, and say how far that was', async () => {
    const upload = new SlowUpload(app, seller);
    await upload.send(csvOf([{ sku: 'IDLE-1' }, { sku: 'IDLE-2' }]) + 'IDLE-3,La');
    const { status, body } = await upload.answer;
    expect([status, body['type'], body['report']]).toEqual([
      408,
      'https://techmart.dev/problems/upload-too-slow',
      expect.objectContaining({ rows: 2, created: 2, failed: 0, errors: [] }),
    ]);
    expect([await skus(), await outcomes()]).toEqual([['IDLE-1', 'IDLE-2'], ['upload-too-slow']]);
  });

  it('leave what was read when the connection breaks, and no half of a row', async () => {
    const upload = new SlowUpload(app, seller);
    await upload.send(`${csvOf([{ sku: 'CUT-1' }, { sku: 'CUT-2' }])}CUT-3,A lamp that is h`);
    // The header has been read when the turn is taken.
    await eventually(
      () => app.query('SELECT FROM job_leases WHERE name = $1', [`product-import:${seller.id}`]),
      (rows) => rows.length === 1,
    );
    upload.breakOff();
    await eventually(outcomes, (seen) => seen.length === 1);
    expect([await outcomes(), await skus()]).toEqual([['upload-cut-off'], ['CUT-1', 'CUT-2']]);
    expect((await auditOf(app, seller))[0]?.['changes']).toMatchObject({ rows: 2, created: 2, failed: 0 });
    await eventually(
      () => importCsv(app, seller, csvOf([{ sku: 'CUT-3' }])),
      ({ status }) => status === 200,
    );
  });

  it('leave what was read of a form that ends before its file', async () => {
    const { type, body } = formOf({ name: 'file', filename: 'p.csv', value: csvOf(manyRows('TORN')) });
    const upload = new SlowUpload(app, seller, { type });
    await upload.send(body.slice(0, body.indexOf('TORN-1899') + 7));
    await eventually(skus, (seen) => seen.length > 0);
    upload.end();
    const { status, body: problem } = await upload.answer;
    expect([status, problem['type']]).toEqual([400, 'https://techmart.dev/problems/upload-cut-off']);
    const written = await skus();
    expect(written).toEqual(
      manyRows('TORN')
        .slice(0, written.length)
        .map(({ sku }) => sku),
    );
    expect(problem['report']).toMatchObject({ rows: written.length, created: written.length, failed: 0 });
  });

  it('leave a product of Shopify out whose rows may not have come all', async () => {
    const upload = new SlowUpload(app, seller);
    await upload.send('Handle,Title,Option1 Value,Variant Price\nwhole,Whole,Red,1\nwhole,,Blue,1\ntorn,Torn,Red,1\ntorn,,Bl');
    const { status, body } = await upload.answer;
    expect([status, figures({ body } as Answer), await skus()]).toEqual([
      408,
      { rows: 3, created: 2, updated: 0, unchanged: 0, failed: 0 },
      ['whole-blue', 'whole-red'],
    ]);
  });

  it('are refused at once when they say that they are too large', async () => {
    const upload = new SlowUpload(app, seller, { headers: { 'content-length': 200_001 } });
    await upload.send('sku');
    expect(await upload.answer).toMatchObject({ status: 413, body: { type: 'https://techmart.dev/problems/body-too-large' } });
    upload.breakOff();
  });

  it('are given up when they turn out too large, and the client that still sends reads why', async () => {
    const upload = new SlowUpload(app, seller);
    await upload.send(csvOf([{ sku: 'BIG-1' }]));
    for (let count = 0; count < 40; count += 1) await upload.send(filler(16_000));
    upload.end();
    const { status, body } = await upload.answer;
    expect([status, body['type'], body['report']['created']]).toEqual([413, 'https://techmart.dev/problems/body-too-large', 2]);
    expect(await outcomes()).toEqual(['body-too-large']);
  });

  it('are given up when they turn out too large in a form', async () => {
    const { type, body } = formOf({ name: 'file', filename: 'p.csv', value: csvOf([{ sku: 'BIGFORM-1' }]) + filler(300_000) });
    const upload = new SlowUpload(app, seller, { type });
    await upload.send(body.slice(0, 100_000));
    upload.end(body.slice(100_000));
    expect(await upload.answer).toMatchObject({ status: 413, body: { report: { created: 2 } } });
  });

  it('are refused to strangers, customers and unsupported types before they are read', async () => {
    const customer = await newUser(app);
    const before = await fingerprint(app);
    for (const [user, type, expected] of [
      [{ id: 0, token: 'x.y.z' }, 'text/csv', 401],
      [customer, 'text/csv', 403],
      [seller, 'text/tab-separated-values', 415],
    ] as const) {
      const upload = new SlowUpload(app, user, { type });
      upload.end(csvOf([{ sku: 'NO-1' }]) + filler(150_000));
      expect((await upload.answer).status).toBe(expected);
    }
    expect(await fingerprint(app)).toEqual(before);
  });

  it.each([
    ['text/csv', 'sku,name\n'],
    [formOf().type, formOf().body],
  ])('of %s are refused by every other route', async (type, body) => {
    const answer = await app.post('/products', body, { as: seller.token, headers: { 'content-type': type } });
    expect([answer.status, answer.body['type']]).toEqual([415, 'https://techmart.dev/problems/unsupported-media-type']);
    expect((await app.get('/products/1', { headers: { 'content-type': type } })).status).toBe(200);
  });

  it('leave the limit of other bodies as it is', async () => {
    const body = JSON.stringify({ query: 'x'.repeat(1_100_000) });
    expect((await app.post('/products/search', body, { headers: { 'content-type': 'application/json' } })).status).toBe(413);
    const answer = await app.post('/products/import', body, { as: seller.token, headers: { 'content-type': 'application/json' } });
    expect(answer.status).toBe(413);
  });
});

describe('the longest that an upload may take', () => {
  it('ends one that trickles for ever', async () => {
    const app = await startTestApp({ seeded: false, config: (config) => ({ ...config, http: { ...config.http, importTimeoutMs: 1000 } }) });
    await app.nest.listen({ host: '127.0.0.1', port: 0 });
    try {
      await app.query(`INSERT INTO categories (name, slug) VALUES ('Lamps', 'lamps')`);
      const seller = await newUser(app, 'seller');
      const upload = new SlowUpload(app, seller);
      await upload.send(csvOf([{ sku: 'TRICKLE-1', category: 'Lamps' }]));
      const trickle = setInterval(() => void upload.send('x').catch(() => undefined), 100);
      const { status, body } = await upload.answer.finally(() => clearInterval(trickle));
      expect([status, body['type']]).toEqual([408, 'https://techmart.dev/problems/upload-too-slow']);
      upload.breakOff();
    } finally {
      await app.close();
    }
  });
});
