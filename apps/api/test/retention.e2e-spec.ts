import { RetentionJob } from '../src/retention/retention.job.js';
import { startTestApp, type TestApp } from './app.harness.js';

describe('retention', () => {
  let app: TestApp;
  let job: RetentionJob;
  beforeAll(async () => {
    app = await startTestApp({
      seeded: false,
      config: (config) => ({
        ...config,
        retention: { sessions: 1, oneTimeTokens: 2, idempotencyKeys: 3, deliveries: 5, outbox: 4 },
      }),
    });
    job = app.resolve<RetentionJob>(RetentionJob);
    await app.query(
      `INSERT INTO users (id, username, email, password_hash, first_name, last_name) VALUES (1, 'a', 'a@x.test', '-', 'A', 'B')`,
    );
    await app.query(`INSERT INTO webhooks (id, url, secret, event_types) VALUES (1, 'http://127.0.0.1:9/', 'whsec_', '{*}')`);
  });
  afterAll(() => app.close());
  beforeEach(() => app.query('TRUNCATE sessions, one_time_tokens, idempotency_keys, webhook_deliveries, outbox'));

  const run = () => job.run(new AbortController().signal);
  const remaining = async (table: string, column: string): Promise<unknown[]> =>
    (await app.query(`SELECT ${column} AS value FROM ${table} ORDER BY 1`)).map((row) => row['value']);
  const ago = (hours: number): string => `now() - interval '${hours} hours'`;

  it('removes sessions, tokens and keys once their time is up, and not before', async () => {
    for (const [agent, hours] of [['live', -1], ['expired', 23], ['old', 25]] as const) {
      await app.query(`INSERT INTO sessions (user_id, refresh_token_hash, user_agent, expires_at) VALUES (1, '\\x00', $1, ${ago(hours)})`, [agent]);
    }
    for (const [hash, hours] of [['\\x01', -1], ['\\x02', 47], ['\\x03', 49]] as const) {
      await app.query(`INSERT INTO one_time_tokens (user_id, purpose, token_hash, expires_at, used_at) VALUES (1, 'verify_email', $1, ${ago(hours)}, now())`, [hash]);
    }
    for (const [key, hours] of [['fresh', 71], ['old', 73]] as const) {
      await app.query(`INSERT INTO idempotency_keys (user_id, key, request_hash, response_status, response, created_at) VALUES (1, $1, '\\x00', 201, '{}', ${ago(hours)})`, [key]);
    }
    expect(await run()).toMatchObject({ sessions: 1, one_time_tokens: 1, idempotency_keys: 1 });
    expect(await remaining('sessions', 'user_agent')).toEqual(['expired', 'live']);
    expect(await remaining('one_time_tokens', `encode(token_hash, 'hex')`)).toEqual(['01', '02']);
    expect(await remaining('idempotency_keys', 'key')).toEqual(['fresh']);
  }); // prettier-ignore

  it('removes events that all have got, and keeps those that somebody still waits for or may replay', async () => {
    const event = (id: number, columns: string): Promise<unknown> =>
      app.query(
        `INSERT INTO outbox (id, aggregate_type, aggregate_id, event_type, payload, created_at, delivered_at, dead_at)
         SELECT $1, 'product', 1, 'product.changed', '{}', ${ago(1000)}, ${columns}`,
        [id],
      );
    const delivery = (outboxId: number, status: string, hours: number): Promise<unknown> =>
      app.query(
        `INSERT INTO webhook_deliveries (webhook_id, outbox_id, aggregate_type, aggregate_id, status, created_at) VALUES (1, $1, 'product', 1, $2, ${ago(hours)})`,
        [outboxId, status],
      );
    await event(1, `NULL, NULL`);
    await event(2, `${ago(95)}, NULL`);
    await event(3, `${ago(97)}, NULL`);
    await event(4, `NULL, ${ago(119)}`);
    await event(5, `NULL, ${ago(121)}`);
    for (const id of [6, 7, 8, 9]) await event(id, `${ago(200)}, NULL`);
    await delivery(6, 'pending', 1000);
    await delivery(7, 'delivered', 119);
    await delivery(8, 'delivered', 121);
    await delivery(9, 'dead', 121);
    expect(await run()).toMatchObject({ webhook_deliveries: 2, outbox: 3, outbox_dead: 1 });
    expect(await remaining('outbox', 'id')).toEqual([1, 2, 4, 6, 7]);
    expect(await remaining('webhook_deliveries', 'outbox_id')).toEqual([6, 7]);
  });

  it('removes more than one batch, leaves locked rows for the next time, and begins no batch once it is told to stop', async () => {
    await app.query(`INSERT INTO idempotency_keys (user_id, key, request_hash, response_status, response, created_at)
      SELECT 1, n::text, '\\x00', 201, '{}', ${ago(100)} FROM generate_series(1, 2500) AS n`);
    const stopped = new AbortController();
    stopped.abort();
    expect(await job.run(stopped.signal)).toEqual({});
    await app.dataSource.transaction(async (manager) => {
      await manager.query(`SELECT FROM idempotency_keys WHERE key = '7' FOR UPDATE`);
      expect(await run()).toMatchObject({ idempotency_keys: 2499 });
    });
    expect(await run()).toMatchObject({ idempotency_keys: 1 });
  });
});
