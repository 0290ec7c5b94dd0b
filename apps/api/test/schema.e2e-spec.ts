import { createDataSource } from '@app/database';
import type { DataSource } from 'typeorm';
import { migrations } from '../src/migrations/index.js';
import { runMigrations, undoMigrations } from '../src/migrations/run-migrations.js';
import { createTestDatabase, type TestDatabase } from './setup/test-database.js';

let database: TestDatabase;
let db: DataSource;

beforeAll(async () => {
  database = await createTestDatabase({ seeded: false });
  const times = { acquireTimeoutMs: 10_000, statementTimeoutMs: 0, idleTimeoutMs: 0 };
  db = await createDataSource({ url: database.url, poolSize: 4, ...times, applicationName: 'techmart-tests', migrations }).initialize();
});

afterAll(async () => {
  await db.destroy();
  await database.drop();
});

const one = async <T>(sql: string, parameters: unknown[] = []): Promise<T> => (await db.query<T[]>(sql, parameters))[0] as T;
const failure = async (sql: string, parameters: unknown[] = []) =>
  db.query(sql, parameters).then(
    () => undefined,
    (error) => error.driverError ?? error,
  );

/** Everything the schema is made of, as text. */
const catalogue = () =>
  db.query<{ kind: string; name: string; definition: string }[]>(`
    SELECT 'column' AS kind, c.oid::regclass || '.' || a.attname AS name,
           concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid)) AS definition
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
     WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.relname <> 'migrations'
    UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'migrations'
    UNION ALL SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid) FROM pg_constraint
     WHERE connamespace = 'public'::regnamespace AND conrelid <> 0 AND conrelid <> 'migrations'::regclass
    UNION ALL SELECT 'trigger', tgrelid::regclass || '.' || tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT 'function', p.oid::regprocedure::text, prosrc FROM pg_proc p
     WHERE pronamespace = 'public'::regnamespace AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e')
    UNION ALL SELECT 'search configuration', cfgname, '' FROM pg_ts_config WHERE cfgnamespace = 'public'::regnamespace
    UNION ALL SELECT 'search mapping', m.mapcfg::regconfig || ' ' || m.maptokentype || ' ' || m.mapseqno, m.mapdict::regdictionary::text
      FROM pg_ts_config_map m WHERE mapcfg >= 16384
    ORDER BY 1, 2`);

describe('migrations', () => {
  it('take everything back and make the same schema again', async () => {
    const before = await catalogue();
    expect(before.length).toBeGreaterThan(300);
    await undoMigrations(db, migrations.length);
    expect(await catalogue()).toEqual([]);
    expect(await runMigrations(db)).toEqual(migrations.map((migration) => migration.name));
    expect(await catalogue()).toEqual(before);
  });

  it('run once when several processes start together', async () => {
    await undoMigrations(db, 1);
    const ran = await Promise.all([runMigrations(db), runMigrations(db)]);
    expect(ran.flat()).toEqual([migrations.at(-1)?.name]);
  });

  it('make the composite indexes by the names that reports and runbooks use', async () => {
    const named = await db.query<{ indexname: string }[]>(
      `SELECT indexname FROM pg_indexes WHERE schemaname = 'public' AND indexname = ANY ($1) ORDER BY indexname`,
      [namedIndexes],
    );
    expect(named.map((row) => row.indexname)).toEqual(namedIndexes);
  });

  it('back every foreign key with an index that begins with its column', async () => {
    const bare = await db.query(`
      SELECT conrelid::regclass AS relation, conname FROM pg_constraint f
       WHERE contype = 'f' AND NOT EXISTS (
         SELECT FROM pg_index i WHERE i.indrelid = f.conrelid AND i.indkey[0] = f.conkey[1])`);
    expect(bare).toEqual([]);
  });

  it('leave stock out of every index, so that a sale rewrites none', async () => {
    const found = await db.query(`SELECT indexname FROM pg_indexes WHERE tablename = 'products' AND indexdef LIKE '%stock_quantity%'`);
    expect(found).toEqual([]);
  });
});

const namedIndexes = [
  'idx_cart_user_product', 'idx_order_created_status', 'idx_order_payment_status', 'idx_order_user_status', 'idx_product_category_active',
  'idx_product_created_active', 'idx_product_featured_active', 'idx_product_price_active', 'idx_review_product_approved',
  'idx_review_product_rating', 'idx_review_user_product',
]; // prettier-ignore

let serial = 0;
const addUser = async (fields: { email?: string; username?: string } = {}) => {
  serial += 1;
  const { email = `user${serial}@example.com`, username = `user${serial}` } = fields;
  const sql = `INSERT INTO users (username, email, password_hash, first_name, last_name) VALUES ($1, $2, 'x', 'A', 'B') RETURNING id`;
  return (await one<{ id: number }>(sql, [username, email])).id;
};
const addCategory = async (name: string, parentId: number | null = null) => {
  serial += 1;
  const sql = 'INSERT INTO categories (name, slug, parent_id) VALUES ($1, $2, $3) RETURNING id';
  return (await one<{ id: number }>(sql, [name, `category-${serial}`, parentId])).id;
};
const addProduct = async (fields: { name?: string; stock?: number; price?: number; salePrice?: number | null } = {}) => {
  serial += 1;
  const { name = `Thing ${serial}`, stock = 0, price = 10, salePrice = null } = fields;
  const category = await addCategory(`Category ${serial}`);
  const sql = `INSERT INTO products (name, slug, sku, price, sale_price, stock_quantity, category_id, brand)
               VALUES ($1, $2, $2, $3, $4, $5, $6, 'Sony') RETURNING id`;
  return (await one<{ id: number }>(sql, [name, `product-${serial}`, price, salePrice, stock, category])).id;
};

describe('users', () => {
  it('are unique by e-mail and by name, whatever the case', async () => {
    await addUser({ email: 'Ana@Example.com', username: 'Ana' });
    const insert = `INSERT INTO users (username, email, password_hash, first_name, last_name) VALUES ($1, $2, 'x', 'A', 'B')`;
    expect(await failure(insert, ['other', 'ana@example.COM'])).toMatchObject({ code: '23505', constraint: 'users_email_key' });
    expect(await failure(insert, ['aNA', 'other@example.com'])).toMatchObject({ code: '23505', constraint: 'users_username_key' });
  });
});

const pathOf = async (id: number) => (await one<{ path: string[] }>('SELECT path FROM categories WHERE id = $1', [id])).path.map(Number);

describe('categories', () => {
  it('keep their path, also when a subtree moves', async () => {
    const [root, other] = [await addCategory('root'), await addCategory('other root')];
    const child = await addCategory('child', root);
    const leaf = await addCategory('leaf', child);
    expect(await pathOf(leaf)).toEqual([root, child, leaf]);
    await db.query('UPDATE categories SET parent_id = $1 WHERE id = $2', [other, child]);
    expect([await pathOf(child), await pathOf(leaf)]).toEqual([
      [other, child],
      [other, child, leaf],
    ]);
    await db.query('UPDATE categories SET parent_id = NULL WHERE id = $1', [child]);
    expect([await pathOf(child), await pathOf(leaf)]).toEqual([[child], [child, leaf]]);
    expect(await db.query('SELECT id FROM categories WHERE path @> ARRAY[$1::bigint] ORDER BY id', [child])).toEqual([
      { id: child },
      { id: leaf },
    ]);
  });

  it('never make a ring, not even by two moves at once', async () => {
    const top = await addCategory('top of ring');
    const below = await addCategory('below', top);
    const move = 'UPDATE categories SET parent_id = $1 WHERE id = $2';
    expect(await failure(move, [below, top])).toMatchObject({ code: '23514', constraint: 'categories_no_cycle' });
    expect(await failure(move, [top, top])).toMatchObject({ code: '23514', constraint: 'categories_no_cycle' });
    const [a, b] = [await addCategory('ring a'), await addCategory('ring b')];
    const [belowA, belowB] = [await addCategory('below a', a), await addCategory('below b', b)];
    let second: Promise<unknown> = Promise.resolve();
    await db.transaction(async (first) => {
      await first.query(move, [belowB, a]);
      second = failure(move, [belowA, b]);
      await Promise.race([second, first.query('SELECT pg_sleep(0.2)')]);
    });
    expect(await second).toMatchObject({ code: '23514', constraint: 'categories_no_cycle' });
  });

  it('have names unique among siblings, roots too, and slugs unique overall', async () => {
    const parent = await addCategory('Parent');
    await addCategory('Twin', parent);
    await addCategory('Twin');
    const insert = 'INSERT INTO categories (name, slug, parent_id) VALUES ($1, $2, $3)';
    const sibling = { code: '23505', constraint: 'categories_sibling_name_key' };
    expect(await failure(insert, ['Twin', 'twin-2', parent])).toMatchObject(sibling);
    expect(await failure(insert, ['Twin', 'twin-3', null])).toMatchObject(sibling);
  });
});

describe('products', () => {
  it('have an effective price, and no impossible ones', async () => {
    const id = await addProduct({ price: 10, salePrice: 7.5 });
    const price = () => one('SELECT effective_price FROM products WHERE id = $1', [id]);
    expect(await price()).toEqual({ effective_price: 7.5 });
    await db.query('UPDATE products SET sale_price = NULL WHERE id = $1', [id]);
    expect(await price()).toEqual({ effective_price: 10 });
    const set = (column: string, value: number) => failure(`UPDATE products SET ${column} = $1 WHERE id = $2`, [value, id]);
    expect(await set('sale_price', 10.01)).toMatchObject({ constraint: 'products_sale_price_check' });
    expect(await set('price', -1)).toMatchObject({ constraint: 'products_price_check' });
    expect(await set('stock_quantity', -1)).toMatchObject({ constraint: 'products_stock_quantity_check' });
  });

  it('write every change of stock to the ledger, whose sum is the stock', async () => {
    const id = await addProduct({ stock: 5 });
    const user = await addUser();
    await db.transaction(async (manager) => {
      await manager.query(`SELECT set_config('techmart.stock_cause', 'import', true), set_config('techmart.stock_actor_id', $1, true)`, [
        String(user),
      ]);
      await manager.query('UPDATE products SET stock_quantity = stock_quantity - 2 WHERE id = $1', [id]);
    });
    await db.query('UPDATE products SET stock_quantity = 9 WHERE id = $1', [id]);
    await db.query('UPDATE products SET stock_quantity = 9, price = 11 WHERE id = $1', [id]);
    expect(await db.query('SELECT delta, cause, actor_id FROM stock_movements WHERE product_id = $1 ORDER BY id', [id])).toEqual([
      { delta: 5, cause: 'edit', actor_id: null },
      { delta: -2, cause: 'import', actor_id: user },
      { delta: 6, cause: 'edit', actor_id: null },
    ]);
  });

  it('keep rating columns to approved reviews through every kind of change', async () => {
    const id = await addProduct();
    const rating = () => one('SELECT rating_average AS average, rating_count AS count FROM products WHERE id = $1', [id]);
    const review = async (stars: number, isApproved: boolean) => {
      const sql = 'INSERT INTO reviews (user_id, product_id, rating, is_approved) VALUES ($1, $2, $3, $4) RETURNING id';
      return (await one<{ id: number }>(sql, [await addUser(), id, stars, isApproved])).id;
    };
    expect(await rating()).toEqual({ average: null, count: 0 });
    const [waiting] = [await review(1, false), await review(5, true), await review(5, true), await review(4, true)];
    expect(await rating()).toEqual({ average: 4.67, count: 3 });
    await db.query('UPDATE reviews SET is_approved = true WHERE id = $1', [waiting]);
    expect(await rating()).toEqual({ average: 3.75, count: 4 });
    await db.query('UPDATE reviews SET rating = 3 WHERE id = $1', [waiting]);
    expect(await rating()).toEqual({ average: 4.25, count: 4 });
    await db.query('DELETE FROM reviews WHERE product_id = $1', [id]);
    expect(await rating()).toEqual({ average: null, count: 0 });
  });

  it('lose no rating when many reviews are approved at once', async () => {
    const id = await addProduct();
    const users = await Promise.all(Array.from({ length: 30 }, () => addUser()));
    const sql = 'INSERT INTO reviews (user_id, product_id, rating, is_approved) VALUES ($1, $2, 4, true)';
    await Promise.all(users.map((user) => db.query(sql, [user, id])));
    expect(await one('SELECT rating_sum, rating_count FROM products WHERE id = $1', [id])).toEqual({ rating_sum: 120, rating_count: 30 });
  });

  it('are found by stems, by accents left out, and by any beginning of a word', async () => {
    const id = await addProduct({ name: 'Café Running Headphones' });
    const finds = (query: string) => one(`SELECT count(*) FROM products WHERE id = $1 AND search_vector @@ (${query})`, [id]);
    expect(await finds(`to_tsquery('techmart', 'headphone & runs')`)).toEqual({ count: 1 });
    expect(await finds(`to_tsquery('techmart', 'cafe')`)).toEqual({ count: 1 });
    expect(await finds(`to_tsquery('techmart_simple', 'runnin:*')`)).toEqual({ count: 1 });
    expect(await finds(`to_tsquery('techmart_simple', 'unning:*')`)).toEqual({ count: 0 });
  });

  it('add their words to the search terms, and a row to the popularity list', async () => {
    const id = await addProduct({ name: 'Zyxophone X200 of Quality' });
    const terms = (words: string[]) => db.query('SELECT word FROM search_terms WHERE word = ANY ($1) ORDER BY word', [words]);
    expect(await terms(['zyxophone', 'quality', 'x200', 'of', 'sony'])).toEqual([
      { word: 'quality' },
      { word: 'sony' },
      { word: 'zyxophone' },
    ]);
    await db.query(`UPDATE products SET name = 'Wyxophone' WHERE id = $1`, [id]);
    expect(await terms(['wyxophone'])).toEqual([{ word: 'wyxophone' }]);
    expect(await one('SELECT order_count FROM product_popularity WHERE product_id = $1', [id])).toEqual({ order_count: 0 });
    await db.query('SELECT refresh_search_terms()');
    expect(await terms(['zyxophone', 'wyxophone'])).toEqual([{ word: 'wyxophone' }]);
  });
});

const addOrder = async (products: number[], status: string, daysAgo: number) => {
  const user = await addUser();
  serial += 1;
  const sql = `INSERT INTO orders (order_number, user_id, status, total_amount, shipping_address, billing_address, payment_method, created_at)
               VALUES ($1, $2, $3, 0, 'a', 'a', 'card', timestamptz '2026-11-24T12:00:00Z' - make_interval(days => $4)) RETURNING id`;
  const { id } = await one<{ id: number }>(sql, [`N-${serial}`, user, status, daysAgo]);
  await db.query(
    `INSERT INTO order_items (order_id, user_id, product_id, name, sku, quantity, unit_price, total_price)
     SELECT $1, $2, id, name, sku, 1, 0, 0 FROM products WHERE id = ANY ($3)`,
    [id, user, products],
  );
};

describe('recommendations', () => {
  it('count what went out in 30 days, and what was bought together', async () => {
    const [a, b, c] = [await addProduct(), await addProduct(), await addProduct()];
    await addOrder([a, b], 'delivered', 1);
    await addOrder([a, b, c], 'shipped', 29);
    await addOrder([a, c], 'cancelled', 2);
    await addOrder([a], 'pending', 0);
    await addOrder([a], 'delivered', 31);
    await db.query(`SELECT refresh_product_popularity('2026-11-24T12:00:00Z'), refresh_product_affinity('2026-11-24T12:00:00Z')`);
    const popular = await db.query('SELECT product_id, order_count FROM product_popularity WHERE product_id = ANY ($1) ORDER BY 1', [
      [a, b, c],
    ]);
    expect(popular).toEqual([
      { product_id: a, order_count: 2 },
      { product_id: b, order_count: 2 },
      { product_id: c, order_count: 1 },
    ]);
    expect(await db.query('SELECT * FROM product_affinity WHERE product_id = $1', [a])).toEqual([
      { product_id: a, related_product_id: b, order_count: 2 },
    ]);
    const again = await one(
      `SELECT refresh_product_popularity('2026-11-24T12:00:00Z') AS p, refresh_product_affinity('2026-11-24T12:00:00Z') AS a`,
    );
    expect(again).toEqual({ p: 0, a: 0 });
  });
});

describe('posts', () => {
  it('count their comments', async () => {
    const author = await addUser();
    const post = await one<{ id: number }>(`INSERT INTO posts (author_id, title, slug, body) VALUES ($1, 't', 't', 'b') RETURNING id`, [
      author,
    ]);
    await db.query(`INSERT INTO comments (post_id, author_id, body) VALUES ($1, $2, 'one'), ($1, $2, 'two')`, [post.id, author]);
    await db.query(`DELETE FROM comments WHERE body = 'one'`);
    expect(await one('SELECT comments_count FROM posts WHERE id = $1', [post.id])).toEqual({ comments_count: 1 });
  });
});
