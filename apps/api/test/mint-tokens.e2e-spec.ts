import { AccessTokens } from '../src/auth/access-token.js';
import { mintTokens } from '../src/auth/mint-tokens.js';
import type { Role } from '../src/http/access.js';
import { startTestApp, type TestApp } from './app.harness.js';

describe('tokens for load tests', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp();
  });
  afterAll(() => app.close());

  const mint = (role: Role, count: number) => mintTokens(app.dataSource, app.resolve(AccessTokens), { role, count, lifetimeS: 900 });
  const userOf = async (token: string): Promise<number> => (await app.get('/users/profile', { as: token })).body['id'] as number;

  it('are of different active users of the role', async () => {
    const users = await Promise.all((await mint('customer', 20)).map(userOf));
    expect(new Set(users).size).toBe(20);
    const sql = `SELECT count(*)::integer FROM users WHERE id = ANY ($1) AND is_active AND user_type = 'customer'`;
    expect(await app.query(sql, [users])).toEqual([{ count: 20 }]);
  });

  it('are several sessions of each when there are fewer users', async () => {
    const [{ count }] = (await app.query<{ count: number }>(
      `SELECT count(*)::integer FROM users WHERE is_active AND user_type = 'seller'`,
    )) as [{ count: number }];
    const tokens = await mint('seller', count * 2);
    expect(new Set(tokens).size).toBe(count * 2);
    expect(new Set(await Promise.all(tokens.map(userOf))).size).toBe(count);
  });

  it('end with their session', async () => {
    const [token = ''] = await mint('admin', 1);
    expect((await app.get('/audit', { as: token })).status).toBe(200);
    await app.query('UPDATE sessions SET revoked_at = now() WHERE user_id = 1');
    expect((await app.get('/audit', { as: token })).status).toBe(401);
  });

  it('cannot be had for a role that nobody has', async () => {
    await app.query(`UPDATE users SET is_active = false WHERE user_type = 'admin'`);
    await expect(mint('admin', 1)).rejects.toThrow('there is no active user of the role admin');
  });
});
