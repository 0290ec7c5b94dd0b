import { Client } from 'pg';
import { startTestApp, type Json, type TestApp } from './app.harness.js';
import { refusal } from './accounts.fixture.js';
import { newProduct, newUsers, placeOrder, type Shopper } from './checkout.fixture.js';
import { expectSoundBooks } from './invariants.fixture.js';
import { auditOf, columns, csvOf, eventually, figures, importCsv, SlowUpload } from './import.fixture.js';

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => 1000 + index);
const rowsOf = (prefix: string, count: number, more: Json = {}) =>
  numbers(count).map((n) => ({ sku: `${prefix}-${n}`, name: `${prefix} lamp ${'x'.repeat(100)}`, ...more }));

describe('imports beside each other and beside check-outs', () => {
  let app: TestApp;
  let seller: Shopper;
  let other: Shopper;

  beforeAll(async () => {
    app = await startTestApp();
    await app.nest.listen({ host: '127.0.0.1', port: 0 });
  });
  beforeEach(async () => {
    [seller, other] = (await newUsers(app, 2, 'seller')) as [Shopper, Shopper];
  });
  afterEach(() => expectSoundBooks(app));
  afterAll(() => app.close());

  const leases = (user: Shopper): Promise<Json[]> =>
    app.query('SELECT name FROM job_leases WHERE name = $1', [`product-import:${user.id}`]);

  async function begun(user: Shopper): Promise<SlowUpload> {
    const upload = new SlowUpload(app, user);
    await upload.send(`${columns.join(',')}\n`);
    await eventually(
      () => leases(user),
      (rows) => rows.length === 1,
    );
    return upload;
  }

  it('refuses a second import of a user while one runs, and nobody else', async () => {
    const upload = await begun(seller);
    const answer = await importCsv(app, seller, csvOf([{ sku: 'TWICE-1' }]), '?dry_run=true');
    expect([refusal(answer), answer.headers['retry-after']]).toEqual([{ status: 409, code: 'import-running' }, '10']);
    expect((await importCsv(app, other, csvOf([{ sku: 'TWICE-2' }]))).status).toBe(200);
    upload.end('TWICE-1,Lamp,1,1,1\n');
    expect(await upload.answer).toMatchObject({ status: 200, body: { created: 1 } });
    expect((await importCsv(app, seller, csvOf([{ sku: 'TWICE-1' }]))).status).toBe(200);
    expect(await leases(seller)).toEqual([]);
  });

  it('waits for an import whose process has died no longer than its lease', async () => {
    const claim = `INSERT INTO job_leases (name, holder, expires_at) VALUES ('product-import:' || $1::bigint, 'gone', now() + $2::interval)
                   ON CONFLICT (name) DO UPDATE SET expires_at = excluded.expires_at`;
    await app.query(claim, [seller.id, '1 minute']);
    expect((await importCsv(app, seller, csvOf([{ sku: 'GONE-1' }]))).status).toBe(409);
    await app.query(claim, [seller.id, '-1 second']);
    expect((await importCsv(app, seller, csvOf([{ sku: 'GONE-1' }]))).status).toBe(200);
  });

  it('leaves most of the connections to others: past a quarter of them, imports are refused', async () => {
    const [third] = await newUsers(app, 1, 'seller');
    const uploads = [await begun(seller), await begun(other)];
    const answer = await importCsv(app, third!, csvOf([{ sku: 'BUSY-1' }]));
    expect([refusal(answer), answer.headers['retry-after']]).toEqual([{ status: 503, code: 'imports-busy' }, '10']);
    for (const upload of uploads) upload.end();
    expect((await Promise.all(uploads.map(({ answer }) => answer))).map(({ status }) => status)).toEqual([200, 200]);
    expect((await importCsv(app, third!, csvOf([{ sku: 'BUSY-1' }]))).status).toBe(200);
  });

  it('gives each new SKU to one of two sellers who import it at once, in opposite orders', async () => {
    const rows = rowsOf('RACE', 1200);
    const answers = await Promise.all([importCsv(app, seller, csvOf(rows)), importCsv(app, other, csvOf(rows.toReversed()))]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    const made = answers.map((answer) => Number(figures(answer)['created']));
    expect(made[0]! + made[1]!).toBe(1200);
    expect(answers.map((answer) => figures(answer)['failed'])).toEqual([1200 - made[0]!, 1200 - made[1]!]);
    const owned = await app.query(`SELECT seller_id, count(*) FROM products WHERE sku LIKE 'RACE-%' GROUP BY seller_id`);
    expect(new Map(owned.map(({ seller_id, count }) => [seller_id, count]))).toEqual(
      new Map(
        [
          [seller.id, made[0]],
          [other.id, made[1]],
        ].filter(([, count]) => count !== 0) as [number, number][],
      ),
    );
  });

  it('gives products of one name different slugs, though two sellers import them at once', async () => {
    const files = ['A', 'B'].map((letter) => csvOf(numbers(600).map((n) => ({ sku: `NAME-${letter}-${n}`, name: `Namesake ${n}` }))));
    const answers = await Promise.all([importCsv(app, seller, files[0]!), importCsv(app, other, files[1]!)]);
    expect(answers.map((answer) => [answer.status, figures(answer)['created'], answer.body['errors']])).toEqual([
      [200, 600, []],
      [200, 600, []],
    ]);
  });

  it('lets two admins change the same products at once, in opposite orders and with new words', async () => {
    const admins = await newUsers(app, 2, 'admin');
    const rows = rowsOf('BOTH', 1000);
    await importCsv(app, admins[0]!, csvOf(rows));
    const words = (from: string) =>
      rows.map((row, index) => ({ ...row, name: `${from} ${index.toString(26).replaceAll(/\d/g, 'q')}zzz`, stock_quantity: 9 }));
    const answers = await Promise.all([
      importCsv(app, admins[0]!, csvOf(words('left'))),
      importCsv(app, admins[1]!, csvOf(words('right').toReversed())),
    ]);
    expect(answers.map((answer) => [answer.status, figures(answer)['failed']])).toEqual([
      [200, 0],
      [200, 0],
    ]);
    expect(await app.query(`SELECT count(*) FROM products WHERE sku LIKE 'BOTH-%' AND stock_quantity = 9`)).toEqual([{ count: 1000 }]);
  });

  it('neither breaks check-outs nor is broken by them, and every piece is accounted for', async () => {
    const ids: number[] = [];
    for (let count = 0; count < 12; count += 1) ids.push(await newProduct(app, { seller, stock: 1000 }));
    const skus = await app.query<{ sku: string }>('SELECT sku FROM products WHERE id = ANY ($1)', [ids]);
    const buyers = await newUsers(app, 6);
    const importing = { isDone: false };
    const shopping = buyers.map(async (buyer, index) => {
      const statuses: unknown[] = [];
      for (let round = 0; !importing.isDone || round < 5; round += 1) {
        const lines = [0, 1, 2].map((step) => [ids[(index + round + step * 5) % ids.length]!, 1] as const);
        const answer = await placeOrder(app, buyer, lines);
        statuses.push(answer.body['type'] ?? answer.status);
      }
      return statuses;
    });
    const imports: unknown[] = [];
    for (let stock = 500; stock < 512; stock += 1) {
      const file = csvOf(skus.toReversed().map(({ sku }) => ({ sku, name: sku, stock_quantity: stock })));
      const answer = await importCsv(app, seller, file);
      imports.push([answer.status, figures(answer)['failed']]);
    }
    importing.isDone = true;
    expect(imports).toEqual(Array.from({ length: 12 }, () => [200, 0]));
    expect(new Set((await Promise.all(shopping)).flat())).toEqual(new Set([201]));
    expect(await app.query('SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()')).toEqual([{ deadlocks: 0 }]);
  });

  it('names the rows of a category that is removed while the import runs, and writes the others', async () => {
    const [category] = await app.query<{ id: number }>(
      `INSERT INTO categories (name, slug) VALUES ('Short-lived', 'short-lived') RETURNING id`,
    );
    const upload = await begun(seller);
    await upload.send(csvOf(rowsOf('EARLY', 700)).split('\n').slice(1).join('\n'));
    await eventually(
      () => app.query(`SELECT FROM products WHERE sku LIKE 'EARLY-%'`),
      (rows) => rows.length > 0,
    );
    await app.query('DELETE FROM categories WHERE id = $1', [category?.id]);
    upload.end(`LATE-1,Lamp,1,1,1\nLATE-2,Lamp,1,1,Short-lived\nLATE-3,Lamp,1,1,1\n`);
    const { body } = await upload.answer;
    expect([body['created'], body['errors']]).toEqual([
      702,
      [{ line: 703, column: 'category', sku: 'LATE-2', message: 'has been removed meanwhile' }],
    ]);
  });

  it('says how far it came when it loses the database, and leaves whole batches', async () => {
    const rows = rowsOf('LOST', 700);
    await importCsv(app, seller, csvOf(rows));
    const saboteur = new Client({ connectionString: app.url });
    await saboteur.connect();
    try {
      await saboteur.query('BEGIN');
      await saboteur.query(`SELECT FROM products WHERE sku = 'LOST-1600' FOR UPDATE`);
      const running = importCsv(app, seller, csvOf(rows.map((row) => ({ ...row, price: 11 }))));
      const [victim] = await eventually(
        () =>
          app.query<{ pid: number }>(
            `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%locked AS MATERIALIZED%'`,
          ),
        (seen) => seen.length === 1,
      );
      await app.query('SELECT pg_terminate_backend($1)', [victim?.pid]);
      const answer = await running;
      expect([refusal(answer), answer.headers['retry-after'], figures(answer)]).toEqual([
        { status: 503, code: 'import-interrupted' },
        '10',
        { rows: 700, created: 0, updated: 500, unchanged: 0, failed: 0 },
      ]);
      await saboteur.query('ROLLBACK');
    } finally {
      await saboteur.end();
    }
    expect(await app.query(`SELECT version, count(*) FROM products WHERE sku LIKE 'LOST-%' GROUP BY version ORDER BY version`)).toEqual([
      { version: 1, count: 200 },
      { version: 2, count: 500 },
    ]);
    expect((await auditOf(app, seller)).map(({ changes }) => [changes['outcome'], changes['updated']])).toEqual([
      ['complete', 0],
      ['failed', 500],
    ]);
    expect(figures(await importCsv(app, seller, csvOf(rows.map((row) => ({ ...row, price: 11 })))))).toMatchObject({
      updated: 200,
      unchanged: 500,
    });
  });
});
