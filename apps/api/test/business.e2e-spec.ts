import type { Clock } from '@app/common';
import { BusinessFiguresJob } from '../src/ops/business/business-figures.job.js';
import { BusinessMetrics } from '../src/ops/business/business.metrics.js';
import { startTestApp, type TestApp } from './app.harness.js';

const now = Date.parse('2026-03-10T15:00:00Z');
const clock: Clock = { now: () => now, monotonic: () => performance.now() };

/** Three buyers and two products; orders by hours before `now`, the day being 15 hours old. */
async function fill(app: TestApp): Promise<void> {
  await app.query(
    `INSERT INTO users (id, username, email, password_hash, first_name, last_name, created_at, last_login)
    SELECT 100 + n, 'buyer' || n, 'buyer' || n || '@example.com', 'x', 'A', 'B', $1::timestamptz - n * interval '10 hours', $1::timestamptz - n * interval '10 hours'
      FROM generate_series(1, 3) AS n`,
    [new Date(now)],
  );
  await app.query(`INSERT INTO categories (id, name, slug) VALUES (100, 'Things', 'things')`);
  await app.query(`INSERT INTO products (id, name, slug, sku, price, stock_quantity, category_id, is_active)
    VALUES (101, 'Lamp', 'lamp', 'L', 10, 10, 100, true), (102, 'Desk', 'desk', 'D', 20, 11, 100, true), (103, 'Gone', 'gone', 'G', 5, 0, 100, false)`);
  await app.query(
    `INSERT INTO orders (id, order_number, user_id, status, payment_status, payment_method, total_amount, shipping_address, billing_address, created_at)
     SELECT id, 'N' || id, user_id, status, 'pending', 'card', amount, 'x', 'x', $1::timestamptz - hours * interval '1 hour'
       FROM (VALUES (201, 101, 'pending', 10.10, 0.5), (202, 101, 'cancelled', 99, 2), (203, 102, 'delivered', 20.20, 14),
                    (204, 102, 'shipped', 40, 16), (205, 101, 'shipped', 30, 24 * 8), (206, 101, 'shipped', 500, 24 * 31))
         AS given (id, user_id, status, amount, hours)`,
    [new Date(now)],
  );
  await app.query(`INSERT INTO order_items (order_id, user_id, product_id, name, sku, quantity, unit_price, total_price)
    VALUES (201, 101, 101, 'Lamp', 'L', 3, 1, 3), (202, 101, 101, 'Lamp', 'L', 9, 1, 9), (203, 102, 102, 'Desk', 'D', 4, 1, 4),
           (204, 102, 101, 'Lamp', 'L', 2, 1, 2), (205, 101, 102, 'Desk', 'D', 50, 1, 50)`);
  await app.query(`INSERT INTO cart_items (user_id, product_id, quantity, created_at, updated_at) VALUES (103, 101, 1, $1, $1)`, [
    new Date(now),
  ]);
}

async function makeAdmin(app: TestApp): Promise<number> {
  await app.query(
    `INSERT INTO users (id, username, email, password_hash, first_name, last_name, user_type, created_at)
    VALUES (1, 'admin', 'admin@example.com', 'x', 'A', 'B', 'admin', $1)`,
    [new Date(now - 3_600_000 * 48)],
  );
  return 1;
}

describe('the business figures', () => {
  let app: TestApp;
  let admin: string;
  beforeAll(async () => {
    app = await startTestApp({ seeded: false, clock });
    await fill(app);
    admin = await app.token(await makeAdmin(app));
    await app.resolve<BusinessFiguresJob>(BusinessFiguresJob).run();
  });
  afterAll(() => app.close());

  it('are exact, by UTC days, without the cancelled in what was earned and sold', async () => {
    const { status, body } = await app.get('/monitoring/business', { as: admin });
    expect(status).toBe(200);
    expect(body).toEqual({
      // The admin has just logged in.
      users: { total: 4, active_today: 2, new_today: 1 },
      products: { total: 2, low_stock: 1 },
      orders: {
        today: 3,
        yesterday: 1,
        growth: 200,
        by_status: { pending: 1, processing: 0, shipped: 3, delivered: 1, cancelled: 1 },
        last_hour: 1,
      },
      revenue: { today: 30.3, month: 100.3, avg_order_value: 25.08 },
      conversion: 0.6667,
      top_products: [
        { id: 101, name: 'Lamp', total_sold: 5 },
        { id: 102, name: 'Desk', total_sold: 4 },
      ],
      computed_at: '2026-03-10T15:00:00.000Z',
    });
  });

  it('are read with one statement, and by admins alone', async () => {
    const { count } = await app.queriesOf(() => app.get('/monitoring/business', { as: admin }));
    // One more looks the session up.
    expect(count).toBe(2);
    expect((await app.get('/monitoring/business', { as: await app.token(101) })).status).toBe(403);
  });

  it('stand in the metrics, without a query in the scrape', async () => {
    await app.resolve<BusinessMetrics>(BusinessMetrics).refresh();
    const { text } = await app.get('/metrics');
    expect(text).toContain('techmart_orders_today 3\n');
    expect(text).toContain('techmart_orders{status="shipped"} 3\n');
    expect(text).toContain('techmart_top_product_sold{rank="1",product="Lamp"} 5\n');
    expect(text).toContain('techmart_revenue_30_days 100.3\n');
  });

  it('are not replaced by older ones of a worker that was slow', async () => {
    await app.query(
      `UPDATE business_figures SET computed_at = computed_at + interval '1 minute', figures = jsonb_set(figures, '{orders,today}', '99')`,
    );
    await app.resolve<BusinessFiguresJob>(BusinessFiguresJob).run();
    expect(await app.query(`SELECT figures -> 'orders' -> 'today' AS today FROM business_figures`)).toEqual([{ today: 99 }]);
  });
});
