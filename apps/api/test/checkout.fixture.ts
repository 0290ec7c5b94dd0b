import { Client } from 'pg';
import { AccessTokens } from '../src/auth/access-token.js';
import type { Role } from '../src/http/access.js';
import type { Answer, TestApp } from './app.harness.js';

export interface Shopper {
  readonly id: number;
  readonly token: string;
}

let made = 0;

/** Signed-in users who exist for one test, all of them by one statement. */
export async function newUsers(app: TestApp, count: number, role: Role = 'customer'): Promise<Shopper[]> {
  made += 1;
  const rows = await app.query<{ id: string; user_id: number }>(
    `WITH shopper AS (
       INSERT INTO users (username, email, password_hash, first_name, last_name, user_type)
       SELECT $1 || n, $1 || n || '@checkout.test', '-', 'Test', 'User', $2 FROM generate_series(1, $3::integer) AS n RETURNING id
     )
     INSERT INTO sessions (user_id, refresh_token_hash, expires_at)
     SELECT id, sha256(convert_to(gen_random_uuid()::text, 'UTF8')), now() + interval '1 day' FROM shopper ORDER BY id RETURNING id, user_id`,
    [`shopper-${made}-`, role, count],
  );
  const tokens = app.resolve<AccessTokens>(AccessTokens);
  return Promise.all(
    rows.map(async ({ id: sessionId, user_id: id }) => ({ id, token: await tokens.sign({ userId: id, role, sessionId }, Date.now()) })),
  );
}

export async function newUser(app: TestApp, role: Role = 'customer'): Promise<Shopper> {
  const [user] = await newUsers(app, 1, role);
  return user!;
}

interface ProductOptions {
  readonly stock?: number;
  readonly price?: number;
  readonly salePrice?: number | null;
  readonly seller?: Shopper | null;
}

export async function newProduct(
  app: TestApp,
  { stock = 100, price = 10, salePrice = null, seller = null }: ProductOptions = {},
): Promise<number> {
  made += 1;
  const [row] = await app.query<{ id: number }>(
    `INSERT INTO products (name, slug, sku, price, sale_price, stock_quantity, category_id, seller_id)
     VALUES ($1, $1, $1, $2, $3, $4, (SELECT min(id) FROM categories), $5) RETURNING id`,
    [`thing-${made}`, price, salePrice, stock, seller?.id ?? null],
  );
  return row!.id;
}

type Line = readonly [productId: number, quantity: number];

/** From these lines, or from the cart when there are none. */
export function placeOrder(app: TestApp, buyer: Shopper, lines?: readonly Line[], key?: string): Promise<Answer> {
  const items = lines?.map(([product_id, quantity]) => ({ product_id, quantity }));
  const body = { ...(items ? { items } : {}), shipping_address: 'Calle Mayor 1, Madrid', payment_method: 'card' };
  return app.post('/orders', body, { as: buyer.token, ...(key === undefined ? {} : { headers: { 'idempotency-key': key } }) });
}

export const stockOf = async (app: TestApp, ids: readonly number[]): Promise<number[]> => {
  const rows = await app.query<{ stock_quantity: number }>('SELECT stock_quantity FROM products WHERE id = ANY ($1) ORDER BY id', [ids]);
  return rows.map((row) => row.stock_quantity);
};

/** How many statements the work issues beside the look at the caller's session. */
export async function budgetOf(app: TestApp, work: () => Promise<unknown>): Promise<number> {
  const { statements } = await app.queriesOf(work);
  return statements.filter((sql) => !/ FROM sessions /.test(sql)).length;
}

/** A connection beside the application's, to hold locks and to end backends. */
export class Saboteur {
  private constructor(private readonly client: Client) {}

  static async of(app: TestApp): Promise<Saboteur> {
    const client = new Client({ connectionString: app.url, application_name: 'saboteur' });
    await client.connect();
    return new Saboteur(client);
  }

  /** Holds a lock until `release`: whatever needs it stops there. */
  async hold(sql: string, parameters: unknown[] = []): Promise<void> {
    await this.client.query('BEGIN');
    await this.client.query(sql, parameters);
  }

  /** Asks for one more lock in the transaction that `hold` began. */
  want = (sql: string, parameters: unknown[] = []) => this.client.query(sql, parameters);

  commit = () => this.client.query('COMMIT');

  release = () => this.client.query('ROLLBACK');

  /** The backends of statements like this one, of check-outs unless told, that wait for a lock, as soon as there are so many. */
  async waiting(count: number, like = '%place_order%'): Promise<number[]> {
    for (let attempt = 0; attempt < 500; attempt += 1) {
      const pids = await this.active(like, "AND wait_event_type = 'Lock'");
      if (pids.length >= count) return pids;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`there were never ${count} statements like ${like} waiting`);
  }

  async untilAllEnded(): Promise<void> {
    for (let attempt = 0; attempt < 500 && (await this.active('%place_order%', '')).length > 0; attempt += 1) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  terminate = (pid: number) => this.client.query('SELECT pg_terminate_backend($1, 5000)', [pid]);

  close = () => this.client.end();

  private async active(like: string, condition: string): Promise<number[]> {
    // Within a transaction the view would show for ever what it showed first.
    await this.client.query('SELECT pg_stat_clear_snapshot()');
    const { rows } = await this.client.query<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'active' AND query LIKE $1 ${condition}`,
      [like],
    );
    return rows.map((row) => row.pid);
  }
}
