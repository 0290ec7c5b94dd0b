import { createServer } from 'node:http';
import { Client } from 'pg';
import { createTestDatabase } from '../../../apps/api/test/setup/test-database.js';
import { findFaults, orderAtOnce, takeStock } from './checkout-truth.mjs';

describe('after a load of orders', () => {
  let database;
  let client;
  let copy;
  let before;
  beforeAll(async () => {
    database = await createTestDatabase({ seeded: true });
    client = new Client({ connectionString: database.url });
    await client.connect();
    copy = { query: async (sql, parameters) => (await client.query(sql, parameters)).rows };
    await copy.query('UPDATE products SET stock_quantity = 1000, is_active = true WHERE id <= 3');
    before = await takeStock(copy, 3);
  }, 300_000);
  afterAll(async () => {
    await client.end();
    await database.drop();
  });

  const place = (key) =>
    copy.query(`SELECT outcome FROM place_order(3, '{1,2}', '{1,5}', $1, $2, '\\x00')`, [
      { order_number: `TM-${key}`, shipping_address: 'a', billing_address: 'a', payment_method: 'card' },
      key,
    ]);

  /** What is found wrong when this has happened too; it is undone afterwards. */
  const faultsOf = async (accepted, ...statements) => {
    await copy.query('BEGIN');
    try {
      for (const statement of statements) await copy.query(statement);
      return await findFaults(copy, before, accepted);
    } finally {
      await copy.query('ROLLBACK');
    }
  };

  it('nothing is wrong when each accepted order is there', async () => {
    expect(await place('one')).toEqual([{ outcome: 'placed' }]);
    expect(await place('two')).toEqual([{ outcome: 'placed' }]);
    expect(await findFaults(copy, before, 2)).toEqual([]);
  });

  it.each([
    ['an order that nobody was told of', 1, [], ['1 orders were accepted, 2 are stored']],
    ['an order without its key', 2, [`DELETE FROM idempotency_keys WHERE key = 'one'`], ['2 orders, but 1 idempotency keys']],
    [
      'stock that was lost',
      2,
      ['UPDATE products SET stock_quantity = stock_quantity - 1 WHERE id = 2'],
      ['1 products were not sold as often as ordered'],
    ],
    [
      'a movement that was lost',
      2,
      [`DELETE FROM stock_movements WHERE product_id = 1 AND cause = 'order'`],
      ['1 stocks differ from the sum of their movements'],
    ],
    [
      'a stock below zero',
      2,
      ['ALTER TABLE products DROP CONSTRAINT products_stock_quantity_check', 'UPDATE products SET stock_quantity = -1 WHERE id = 10'],
      ['1 products have a negative stock'],
    ],
  ])('finds %s', async (_, accepted, statements, faults) => {
    expect(await faultsOf(accepted, ...statements)).toEqual(faults);
  });
});

describe('orderAtOnce', () => {
  it('counts the orders that came of one key, not the answers', async () => {
    let count = 0;
    const server = createServer((request, response) => {
      request.resume();
      count += 1;
      const [status, id] = [
        [201, 7],
        [200, 7],
        [409, undefined],
        [201, 8],
      ][count % 4];
      response.writeHead(status).end(JSON.stringify({ id }));
    });
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    const step = { method: 'POST', path: '/orders', headers: {}, body: '{}' };
    try {
      expect(await orderAtOnce(`http://127.0.0.1:${server.address().port}`, step, 20)).toBe(2);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
