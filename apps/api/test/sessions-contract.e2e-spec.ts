import { demo, logIn, refresh, register, tokensOf, type Tokens } from './accounts-people.fixture.js';
import { startTestApp, type TestApp } from './app.harness.js';

describe('refresh tokens', () => {
  let app: TestApp;
  let tokens: Tokens;
  let email: string;
  beforeAll(async () => {
    app = await startTestApp({ seeded: false });
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    ({ email } = await register(app));
    tokens = await logIn(app, email);
  });

  const rotatedAgo = (seconds: number) =>
    app.query(`UPDATE sessions SET rotated_at = rotated_at - $2 * interval '1 second' WHERE id = $1`, [tokens.sessionId, seconds]);
  const isAlive = async (access = tokens.access): Promise<boolean> => (await app.get('/users/profile', { as: access })).status === 200;

  it('gives tokens that differ from the spent ones, for the same session', async () => {
    const next = tokensOf(await refresh(app, tokens.refresh));
    expect(next.refresh).not.toBe(tokens.refresh);
    expect(next.sessionId).toBe(tokens.sessionId);
    expect(await isAlive(next.access)).toBe(true);
  });

  it('answers like a log-in', async () => {
    const { body } = await refresh(app, tokens.refresh);
    expect(Object.keys(body).toSorted()).toEqual(['access_token', 'expires_in', 'refresh_token', 'token_type', 'user']);
    expect([body['token_type'], body['expires_in'], body['user']['email']]).toEqual(['Bearer', 900, email]);
  });

  it('rotates once for 20 refreshes at once, and gives all of them the same successor', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(app, tokens.refresh)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    expect(new Set(answers.map(({ body }) => body['refresh_token'])).size).toBe(1);
    expect((await refresh(app, tokensOf(answers[0]!).refresh)).status).toBe(200);
  });

  it('lets one of 20 refreshes at once through when the successor is spent in between', async () => {
    const second = tokensOf(await refresh(app, tokens.refresh));
    const third = tokensOf(await refresh(app, second.refresh));
    const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(app, tokens.refresh)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
    expect((await refresh(app, third.refresh)).status).toBe(401);
  });

  it('takes the immediate predecessor of an unused token for ten seconds', async () => {
    const next = tokensOf(await refresh(app, tokens.refresh));
    await rotatedAgo(9);
    expect(tokensOf(await refresh(app, tokens.refresh)).refresh).toBe(next.refresh);
    expect(await isAlive(next.access)).toBe(true);
  });

  it('ends the family when the predecessor comes back after ten seconds', async () => {
    const next = tokensOf(await refresh(app, tokens.refresh));
    await rotatedAgo(10.5);
    expect((await refresh(app, tokens.refresh)).status).toBe(401);
    expect((await refresh(app, next.refresh)).status).toBe(401);
    expect(await isAlive(next.access)).toBe(false);
  });

  it('ends the family when a token from before the predecessor comes back, however soon', async () => {
    const second = tokensOf(await refresh(app, tokens.refresh));
    const third = tokensOf(await refresh(app, second.refresh));
    expect((await refresh(app, tokens.refresh)).status).toBe(401);
    expect((await refresh(app, third.refresh)).status).toBe(401);
    expect(await isAlive(third.access)).toBe(false);
  });

  it('ends that family alone', async () => {
    const other = await logIn(app, email);
    const second = tokensOf(await refresh(app, tokens.refresh));
    await refresh(app, second.refresh);
    expect((await refresh(app, tokens.refresh)).status).toBe(401);
    expect((await refresh(app, other.refresh)).status).toBe(200);
  });

  it('takes none of an expired session, and none of an inactive user', async () => {
    await app.query(`UPDATE sessions SET expires_at = now() - interval '1 second' WHERE id = $1`, [tokens.sessionId]);
    expect((await refresh(app, tokens.refresh)).status).toBe(401);
    const other = await logIn(app, email);
    await app.query('UPDATE users SET is_active = false WHERE email = $1', [email]);
    expect((await refresh(app, other.refresh)).status).toBe(401);
  });

  it('is stored as a hash, never as itself', async () => {
    const next = tokensOf(await refresh(app, tokens.refresh));
    const [row] = await app.query('SELECT to_json(s)::text AS stored FROM sessions s WHERE id = $1', [tokens.sessionId]);
    expect(String(row?.['stored'])).not.toContain(next.refresh.split('.').at(-1));
  });

  it.each(['', 'nonsense', '00000000-0000-4000-8000-000000000000.' + 'A'.repeat(43)])('refuses %j', async (token) => {
    const { status, headers } = await refresh(app, token);
    expect([token === '' ? 400 : 401, 'application/problem+json; charset=utf-8']).toEqual([status, headers['content-type']]);
  });

  it('logs out with 204, again and again, and ends the access token at once', async () => {
    for (const token of [tokens.refresh, tokens.refresh, 'nonsense']) {
      expect((await app.post('/auth/logout', { refresh_token: token })).status).toBe(204);
    }
    expect((await refresh(app, tokens.refresh)).status).toBe(401);
    expect(await isAlive()).toBe(false);
  });
});

describe('GET and DELETE /users/profile/sessions', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp();
  });
  afterAll(() => app.close());

  it('lists live sessions only, each told from the caller’s own, in two statements', async () => {
    const { email } = await register(app);
    const mine = await logIn(app, email);
    const phone = tokensOf(
      await app.post('/auth/login', { email, password: 'correct horse battery' }, { headers: { 'user-agent': 'phone' } }),
    );
    const gone = await logIn(app, email);
    await app.post('/auth/logout', { refresh_token: gone.refresh });
    const { result, count } = await app.queriesOf(() => app.get('/users/profile/sessions', { as: mine.access }));
    expect(result.status).toBe(200);
    const sessions = result.body['sessions'] as { id: string; user_agent: string; is_current: boolean; ip: string }[];
    expect(sessions.map(({ id, is_current }) => [id, is_current])).toEqual([
      [phone.sessionId, false],
      [mine.sessionId, true],
    ]);
    expect([sessions[0]?.user_agent, sessions[0]?.ip]).toEqual(['phone', '127.0.0.1']);
    expect(result.text).not.toMatch(/hash|token/);
    expect(count).toBe(2);
  });

  it('ends the others’ access at once', async () => {
    const mine = await demo(app, 'customer');
    const other = await demo(app, 'customer');
    expect((await app.delete('/users/profile/sessions', { as: mine.access })).status).toBe(204);
    expect((await app.get('/users/profile', { as: other.access })).status).toBe(401);
    expect((await refresh(app, other.refresh)).status).toBe(401);
  });

  it('never reaches the sessions of somebody else', async () => {
    const [mine, theirs] = [await demo(app, 'customer'), await demo(app, 'seller')];
    await app.delete('/users/profile/sessions', { as: mine.access });
    expect((await app.get('/users/profile', { as: theirs.access })).status).toBe(200);
  });

  it('needs a token', async () => {
    expect((await app.get('/users/profile/sessions')).status).toBe(401);
    expect((await app.delete('/users/profile/sessions')).status).toBe(401);
  });
});
