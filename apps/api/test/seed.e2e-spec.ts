import { createDataSource } from '@app/database';
import { verify } from '@node-rs/argon2';
import type { DataSource } from 'typeorm';
import { DEMO_PASSWORD, demoAccounts } from '../src/seed/accounts.js';
import { assertNoDemoAccounts, isSeeded, seedDatabase } from '../src/seed/seed.js';
import { createTestDatabase, type TestDatabase } from './setup/test-database.js';

let database: TestDatabase;
let db: DataSource;
const now = new Date('2026-11-24T15:30:00Z');
const seed = (options: { scale?: number; seed?: number; now?: Date; force?: boolean } = {}) =>
  seedDatabase({ dataSource: db, scale: 0.01, seed: 42, now, ...options });

const one = async <T>(sql: string, parameters: unknown[] = []): Promise<T> => (await db.query<T[]>(sql, parameters))[0] as T;

const tables = () =>
  db.query<{ name: string }[]>(
    `SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'migrations' ORDER BY 1`,
  );

/** A digest of every row of every table. */
async function digest(): Promise<string> {
  const parts = (await tables()).map(
    ({ name }) => `SELECT '${name}' AS name, md5(string_agg(t::text, E'\\n' ORDER BY t::text)) AS rows FROM ${name} t`,
  );
  return JSON.stringify(await db.query(parts.join(' UNION ALL ')));
}

/** How the schema stands: what the load takes away for a while must be back. */
const schema = () =>
  db.query(`
    SELECT indexname AS name, indexdef AS definition FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT tgname, tgenabled::text FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2`);

beforeAll(async () => {
  database = await createTestDatabase({ seeded: false });
  const times = { acquireTimeoutMs: 10_000, statementTimeoutMs: 15_000, idleTimeoutMs: 0 };
  db = await createDataSource({ url: database.url, poolSize: 4, ...times, applicationName: 'techmart-tests' }).initialize();
});

afterAll(async () => {
  await db.destroy();
  await database.drop();
});

describe('seedDatabase', () => {
  it('fills an empty database once, and leaves the schema as it was', async () => {
    const before = await schema();
    expect(await isSeeded(db)).toBe(false);
    expect(await seed()).toBe(true);
    expect(await schema()).toEqual(before);
    const rows = await digest();
    expect(await seed({ seed: 1 })).toBe(false);
    expect(await digest()).toBe(rows);
  });

  it('writes once when several processes find the database empty', async () => {
    await db.query('TRUNCATE users CASCADE');
    await db.query('TRUNCATE categories CASCADE');
    const written = await Promise.all([seed(), seed()]);
    expect(written.toSorted()).toEqual([false, true]);
  });

  it('gives the same rows for the same seed and time, and others for another seed', async () => {
    await seed({ force: true });
    const first = await digest();
    await seed({ force: true });
    expect(await digest()).toBe(first);
    await seed({ force: true, seed: 43 });
    expect(await digest()).not.toBe(first);
  });

  it('leaves everything as it was when it fails half way', async () => {
    await seed({ force: true });
    const before = [await digest(), await schema()];
    const failing = seedDatabase({
      dataSource: db, scale: 0.01, seed: 7, now, force: true,
      onProgress: ({ part }) => {
        if (part === 'reviews') throw new Error('pulled the plug');
      },
    }); // prettier-ignore
    await expect(failing).rejects.toThrow('pulled the plug');
    expect([await digest(), await schema()]).toEqual(before);
  });
});

/** Whether a word of the category's name, without its plural, is in the product's. */
const isNamedAfter = ({ name, category }: { name: string; category: string }) =>
  category.split(/[^A-Za-z0-9']+/).some((word) => name.toLowerCase().includes(word.toLowerCase().replace(/(ies|es|s)$/, '')));

describe('the seeded data', () => {
  beforeAll(() => seed({ force: true, scale: 0.02 }));

  it('has the counts of its scale, the whole category tree, and ids from 1', async () => {
    const counts = await one(`
      SELECT (SELECT count(*) FROM categories) AS categories, (SELECT count(*) FROM users) AS users, (SELECT count(*) FROM products) AS products,
             (SELECT count(*) FROM orders) AS orders, (SELECT count(*) FROM order_items) AS items, (SELECT count(*) FROM reviews) AS reviews,
             (SELECT count(DISTINCT user_id) FROM cart_items) AS carts, (SELECT count(*) FROM posts) AS posts,
             (SELECT count(*) FROM comments) AS comments, (SELECT count(*) FROM tags) AS tags, (SELECT min(id) FROM products) AS first,
             (SELECT count(*) FROM products WHERE is_active) AS active, (SELECT is_active FROM products WHERE id = 1) AS first_is_active`);
    expect(counts).toEqual({
      categories: 2513, users: 400, products: 1000, orders: 2000, items: 5000, reviews: 2000, carts: 100, posts: 200, comments: 600, tags: 20,
      first: 1, active: 950, first_is_active: true,
    }); // prettier-ignore
  });

  it('continues the ids of every table', async () => {
    const { id } = await one<{ id: number }>(`INSERT INTO tags (name, slug) VALUES ('next one', 'next-one') RETURNING id`);
    await db.query('DELETE FROM tags WHERE id = $1', [id]);
    expect(id).toBe(21);
  });

  it.each([
    [
      'an order total is the sum of its items',
      `SELECT id FROM orders o WHERE total_amount <> (SELECT sum(total_price) FROM order_items WHERE order_id = o.id)`,
    ],
    [
      'the ledger adds up to the stock',
      `SELECT id FROM products p WHERE stock_quantity <> coalesce((SELECT sum(delta) FROM stock_movements WHERE product_id = p.id), 0)`,
    ],
    [
      'the rating columns are those of the approved reviews',
      `SELECT id FROM products p, LATERAL (SELECT round(avg(rating), 2) AS average, count(*) AS count FROM reviews WHERE product_id = p.id AND is_approved) r
        WHERE (rating_average, rating_count) IS DISTINCT FROM (r.average, r.count::int)`,
    ],
    [
      'a review is verified when its author received the product',
      `SELECT id FROM reviews r WHERE is_verified_purchase <> EXISTS (
         SELECT FROM order_items i JOIN orders o ON o.id = i.order_id WHERE i.user_id = r.user_id AND i.product_id = r.product_id AND o.status = 'delivered')`,
    ],
    ['comments are counted', `SELECT id FROM posts p WHERE comments_count <> (SELECT count(*) FROM comments WHERE post_id = p.id)`],
    [
      'nobody orders before having an account',
      `SELECT o.id FROM orders o JOIN users u ON u.id = o.user_id WHERE o.created_at < u.created_at`,
    ],
    ['only customers order', `SELECT o.id FROM orders o JOIN users u ON u.id = o.user_id WHERE u.user_type <> 'customer'`],
    [
      'a category is on its own path, below its parent',
      `SELECT c.id FROM categories c LEFT JOIN categories p ON p.id = c.parent_id WHERE c.path <> coalesce(p.path, '{}') || c.id`,
    ],
    [
      'the search terms are complete',
      `SELECT word FROM products, product_words(name, brand) AS w (word) WHERE word NOT IN (SELECT word FROM search_terms)`,
    ],
    ['every product has its popularity', `SELECT id FROM products WHERE id NOT IN (SELECT product_id FROM product_popularity)`],
    ['what is in a cart can be bought', `SELECT c.id FROM cart_items c JOIN products p ON p.id = product_id WHERE NOT p.is_active`],
    [
      'unpaid orders are of the last day',
      `SELECT id FROM orders WHERE status = 'pending' AND created_at < timestamptz '2026-11-23T15:30:00Z'`,
    ],
    [
      'an order has reached what its last event says',
      `SELECT id FROM orders o WHERE status <> (SELECT to_value FROM order_events e WHERE order_id = o.id AND field = 'status' ORDER BY e.id DESC LIMIT 1)`,
    ],
  ])('keeps the rule: %s', async (_rule, violations) => {
    expect(await db.query(violations)).toEqual([]);
  });

  it('holds nothing younger than its time', async () => {
    const columns = await db.query<{ sql: string }[]>(`
      SELECT format('SELECT %L AS place FROM %I WHERE %I > $1', table_name || '.' || column_name, table_name, column_name) AS sql
        FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
       WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND data_type LIKE 'timestamp with%'`);
    expect(columns.length).toBeGreaterThan(20);
    expect(await db.query(columns.map(({ sql }) => sql).join(' UNION ALL '), [now])).toEqual([]);
  });

  it('fills today and yesterday, and has most users log in today', async () => {
    const days = await one<{ today: number; yesterday: number; active: number }>(`
      SELECT count(*) FILTER (WHERE created_at >= '2026-11-24T00:00:00Z') AS today,
             count(*) FILTER (WHERE created_at >= '2026-11-23T00:00:00Z' AND created_at < '2026-11-24T00:00:00Z') AS yesterday,
             (SELECT count(*) FROM users WHERE last_login >= '2026-11-24T00:00:00Z') AS active FROM orders`);
    expect(days.today).toBeGreaterThan(10);
    expect(days.yesterday).toBeGreaterThan(20);
    expect(days.active).toBeGreaterThan(200);
  });

  it('names each product after a noun of its category', async () => {
    const rows = await db.query<{ name: string; category: string }[]>(
      'SELECT p.name, c.name AS category FROM products p JOIN categories c ON c.id = category_id',
    );
    expect(rows.filter((row) => !isNamedAfter(row) && !/mice|knives/i.test(row.category))).toEqual([]);
  });

  it('has order numbers that do not follow from one another', async () => {
    const numbers = await db.query<{ order_number: string }[]>('SELECT order_number FROM orders ORDER BY id');
    expect(numbers.every((row) => /^TM-[0-9A-F]{16}$/.test(row.order_number))).toBe(true);
    const firsts = new Set(numbers.map((row) => row.order_number.slice(3, 6)));
    expect(firsts.size).toBeGreaterThan(1000);
  });

  it('has the three demo accounts, with the published password, which production refuses', async () => {
    const rows = await db.query<{ email: string; user_type: string; password_hash: string }[]>(
      'SELECT email, user_type, password_hash FROM users ORDER BY id LIMIT 3',
    );
    expect(rows.map((row) => row.email)).toEqual(demoAccounts);
    expect(rows.map((row) => row.user_type)).toEqual(['admin', 'seller', 'customer']);
    expect(rows[0]?.password_hash).toContain('$argon2id$v=19$m=19456,t=2,p=1$');
    expect(await verify(rows[0]?.password_hash ?? '', DEMO_PASSWORD)).toBe(true);
    await expect(assertNoDemoAccounts(db)).rejects.toThrow('admin@techmart.test');
    await db.query(`UPDATE users SET email = 'person' || id || '@shop.example' WHERE id <= 3`);
    await expect(assertNoDemoAccounts(db)).rejects.toThrow('4@example.com');
    await db.query(`UPDATE users SET email = 'person' || id || '@shop.example'`);
    await expect(assertNoDemoAccounts(db)).resolves.toBeUndefined();
  });
});

it('fills the first instant of a day, where that is its time', async () => {
  await seed({ force: true, now: new Date('2026-11-24T00:00:00Z') });
  const today =
    await one(`SELECT count(*) > 0 AS orders, (SELECT count(*) FROM users WHERE last_login = '2026-11-24T00:00:00Z') > 100 AS users
                             FROM orders WHERE created_at = '2026-11-24T00:00:00Z'`);
  expect(today).toEqual({ orders: true, users: true });
});
