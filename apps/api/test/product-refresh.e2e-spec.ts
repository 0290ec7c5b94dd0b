import { newRequestContext, runInRequest } from '@app/common';
import { systemClock } from '@app/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProductRefreshRepository } from '../src/products/product-refresh.repository.js';
import { startTestApp, type TestApp } from './app.harness.js';
import { addProduct } from './catalogue.fixture.js';

const day = 86_400_000;
const open = new AbortController().signal;

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(20);
}

describe('a worker', () => {
  it('keeps popular products, those bought together and the words of the catalogue up to date', async () => {
    // In three months nothing of today is recent: what the seed has counted must go.
    const clock = { ...systemClock, now: () => Date.now() + 91 * day };
    const app = await startTestApp({ config: (config) => ({ ...config, role: 'worker' }), clock });
    try {
      const isEmpty = async (sql: string): Promise<boolean> => (await app.query(sql)).length === 0;
      await until(() => isEmpty('SELECT FROM product_popularity WHERE order_count > 0'));
      await until(() => isEmpty('SELECT FROM product_affinity'));
      const names = ['product-affinity', 'product-popularity', 'search-terms'];
      await until(async () => (await app.query('SELECT FROM job_leases WHERE name = ANY ($1)', [names])).length === names.length);
      expect((await app.get('/products/popular')).body).toEqual({ products: [] });
    } finally {
      await app.close();
    }
  });
});

describe('a refresh', () => {
  let app: TestApp;
  let tables: ProductRefreshRepository;
  beforeAll(async () => {
    app = await startTestApp();
    tables = app.resolve(ProductRefreshRepository);
  });
  afterAll(() => app.close());

  const counts = () => app.query('SELECT product_id, order_count FROM product_popularity ORDER BY product_id');
  const pairs = () => app.query('SELECT * FROM product_affinity ORDER BY product_id, related_product_id');
  const terms = () => app.query('SELECT * FROM search_terms ORDER BY word');

  it('makes the tables of nothing but what they are read from, and writes what differs only', async () => {
    const now = new Date();
    await tables.refreshPopularity(now, open);
    await tables.refreshAffinity(now, open);
    const before = [await counts(), await pairs(), await terms()];
    expect(before.every((rows) => rows.length > 0)).toBe(true);
    await app.query('UPDATE product_popularity SET order_count = order_count + 1 WHERE product_id <= 5');
    await app.query('DELETE FROM product_affinity');
    await app.query(`UPDATE search_terms SET document_count = 12345 WHERE word IN (SELECT word FROM search_terms ORDER BY word LIMIT 7)`);
    await app.query(`INSERT INTO search_terms VALUES ('gone', 1)`);
    expect(await tables.refreshPopularity(now, open)).toBe(5);
    expect(await tables.refreshAffinity(now, open)).toBe(before[1]?.length);
    expect(await tables.refreshSearchTerms(open)).toBe(8);
    expect([await counts(), await pairs(), await terms()]).toEqual(before);
    expect([await tables.refreshPopularity(now, open), await tables.refreshSearchTerms(open)]).toEqual([0, 0]);
  });

  it('may take longer than a request', async () => {
    const { count, statements } = await app.queriesOf(() =>
      runInRequest(newRequestContext('refresh', 0), () => tables.refreshSearchTerms(open)),
    );
    expect(count).toBe(4);
    expect(statements[1]).toContain(`set_config('statement_timeout', '0', true)`);
    expect(await app.query('SHOW statement_timeout')).toEqual([{ statement_timeout: `${app.config.database.statementTimeoutMs / 1000}s` }]);
  });

  it('ends when it is told to, and has written nothing', async () => {
    await addProduct(app, { name: 'Unheardofword' });
    await app.query(`DELETE FROM search_terms WHERE word = 'unheardofword'`);
    const before = await terms();
    const { signal, abort } = ((controller) => ({ signal: controller.signal, abort: () => controller.abort() }))(new AbortController());
    await app.dataSource.transaction(async (blocker) => {
      await blocker.query('LOCK TABLE search_terms IN EXCLUSIVE MODE');
      const refresh = tables.refreshSearchTerms(signal).then(
        () => 'done',
        (error: unknown) => String(error),
      );
      await until(
        async () => (await app.query(`SELECT FROM pg_locks WHERE NOT granted AND relation = 'search_terms'::regclass`)).length > 0,
      );
      abort();
      expect(await refresh).toContain('canceling statement due to user request');
    });
    expect(await terms()).toEqual(before);
    await expect(tables.refreshSearchTerms(signal)).rejects.toThrow('aborted');
    expect(await tables.refreshSearchTerms(open)).toBeGreaterThan(0);
  });
});
