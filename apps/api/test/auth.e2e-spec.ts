import {
  logIn,
  mailsTo,
  MovableClock,
  newPassword,
  openAccount,
  openAndLogIn,
  password,
  refusal,
  registration,
  tokensIn,
} from './accounts.fixture.js';
import { startTestApp, type Answer, type Json, type TestApp } from './app.harness.js';

const clock = new MovableClock();
let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ seeded: false, clock });
});
afterAll(() => app.close());

const login = (email: string, given = password): Promise<Answer> => app.post('/auth/login', { email, password: given });
const refresh = (token: string): Promise<Answer> => app.post('/auth/refresh', { refresh_token: token });
const profile = (token: string): Promise<Answer> => app.get('/users/profile', { as: token });
const statusOf = async (answer: Promise<Answer>): Promise<number> => (await answer).status;
const refused = { status: 401, code: 'refresh-token-invalid' };

describe('POST /auth/register', () => {
  it('opens an account for a customer and answers it without the password', async () => {
    const given = registration({ phone: '+1 555 0100' });
    const { status, body } = await app.post('/auth/register', given);
    const { password: _, ...shown } = given;
    expect(status).toBe(201);
    expect(body).toEqual({
      ...shown,
      id: expect.any(Number),
      user_type: 'customer',
      is_active: true,
      is_verified: false,
      version: 1,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      last_login: null,
    });
  });

  it('takes no e-mail address and no username that differs from a taken one in case only', async () => {
    const { email, username } = await openAccount(app);
    expect(refusal(await app.post('/auth/register', registration({ email: email.toUpperCase() })))).toEqual({
      status: 409,
      code: 'email-taken',
      pointers: ['/email'],
    });
    expect(refusal(await app.post('/auth/register', registration({ username: username.toUpperCase() })))).toEqual({
      status: 409,
      code: 'username-taken',
      pointers: ['/username'],
    });
  });

  it.each<[string, Json]>([
    ['/password', { password: '123456789' }],
    ['/password', { password: 'x'.repeat(129) }],
    ['/email', { email: 'nobody' }],
    ['/email', { email: `${'x'.repeat(95)}@x.test` }],
    ['/username', { username: 'ab' }],
    ['/username', { username: 'a b c' }],
    ['/first_name', { first_name: ' ' }],
    ['/last_name', { last_name: 'a\u0000b' }],
    ['/phone', { phone: 'call me' }],
    ['/user_type', { user_type: 'admin' }],
    ['/is_active', { is_active: true }],
  ])('refuses %s in %j', async (pointer, given) => {
    expect(refusal(await app.post('/auth/register', registration(given)))).toMatchObject({ status: 400, pointers: [pointer] });
  });

  it('stores no account when the mail cannot be prepared: both or neither', async () => {
    await app.query('ALTER TABLE one_time_tokens RENAME TO elsewhere');
    const given = registration();
    const { status } = await app.post('/auth/register', given);
    await app.query('ALTER TABLE elsewhere RENAME TO one_time_tokens');
    expect(status).toBe(500);
    expect(await app.query('SELECT FROM users WHERE email = $1', [given['email']])).toEqual([]);
    expect(await mailsTo(app, given['email'] as string)).toEqual([]);
  });
});

describe('POST /auth/login', () => {
  it('answers tokens and the user, in any case of the address, and sets last_login', async () => {
    const { id, email } = await openAccount(app);
    const { status, body } = await login(email.toUpperCase());
    const at = new Date(clock.now()).toISOString();
    expect(status).toBe(200);
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 900, user: { id, email, last_login: at } });
    expect(await app.query('SELECT last_login FROM users WHERE id = $1', [id])).toEqual([{ last_login: new Date(at) }]);
    expect(await statusOf(profile(body['access_token'] as string))).toBe(200);
  });

  it('answers alike to an unknown address, a wrong password and an inactive account', async () => {
    const [known, inactive] = [await openAccount(app), await openAccount(app)];
    await app.query('UPDATE users SET is_active = false WHERE id = $1', [inactive.id]);
    const tries = [() => login(known.email, 'a wrong password'), () => login('nobody@members.test'), () => login(inactive.email)];
    const seen: Json[] = [];
    for (const attempt of tries) {
      const { count, result } = await app.queriesOf(attempt);
      const { request_id, ...rest } = result.body;
      expect(request_id).toEqual(expect.any(String));
      seen.push({ status: result.status, challenge: result.headers['www-authenticate'], count, rest });
    }
    expect(seen[0]).toMatchObject({
      status: 401,
      challenge: 'Bearer realm="techmart"',
      count: 1,
      rest: { title: 'E-mail or password is wrong' },
    });
    expect(seen).toEqual([seen[0], seen[0], seen[0]]);
  });

  it.each<[string, Json]>([
    ['/email', { email: 'nobody', password }],
    ['/password', { email: 'a@b.test', password: '' }],
    ['/password', { email: 'a@b.test' }],
    ['/remember', { email: 'a@b.test', password, remember: true }],
  ])('refuses %s in %j', async (pointer, given) => {
    expect(refusal(await app.post('/auth/login', given))).toMatchObject({ status: 400, pointers: [pointer] });
  });

  it('takes two statements', async () => {
    const { email } = await openAccount(app);
    expect((await app.queriesOf(() => login(email))).count).toBe(2);
  });

  it('answers 503 with Retry-After when too many passwords wait to be checked', async () => {
    const busy = await startTestApp({
      seeded: false,
      config: (config) => ({ ...config, auth: { ...config.auth, hashConcurrency: 1, hashQueue: 1 } }),
    });
    const attempts = Array.from({ length: 8 }, () => busy.post('/auth/login', { email: 'nobody@members.test', password }));
    const answers = await Promise.all(attempts);
    await busy.close();
    const overflow = answers.filter(({ status }) => status === 503);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401, 503]));
    expect([refusal(overflow[0] as Answer), overflow[0]?.headers['retry-after']]).toEqual([
      { status: 503, code: 'password-hashing-busy' },
      '2',
    ]);
  });
});

describe('POST /auth/refresh', () => {
  it('gives the next tokens of the same session, in one statement; the newest one goes on', async () => {
    const first = await openAndLogIn(app);
    const { count, result } = await app.queriesOf(() => refresh(first.refresh));
    const second = tokensIn(result);
    expect([result.body['token_type'], result.body['expires_in'], result.body['user']['id'], count]).toEqual(['Bearer', 900, first.id, 1]);
    expect([second.sessionId, second.refresh === first.refresh]).toEqual([first.sessionId, false]);
    expect(await statusOf(profile(second.access))).toBe(200);
    expect(tokensIn(await refresh(second.refresh)).sessionId).toBe(first.sessionId);
  });

  it('gives one and the same successor to 20 requests at once', async () => {
    const first = await openAndLogIn(app);
    const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(first.refresh)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    const successors = new Set(answers.map(({ body }) => body['refresh_token'] as string));
    expect(successors.size).toBe(1);
    expect(await statusOf(refresh([...successors][0] ?? ''))).toBe(200);
  });

  it('takes a spent token again for ten seconds while its successor is unused', async () => {
    const first = await openAndLogIn(app);
    const second = tokensIn(await refresh(first.refresh));
    clock.advance(9.9);
    expect(tokensIn(await refresh(first.refresh)).refresh).toBe(second.refresh);
    expect(await statusOf(profile(second.access))).toBe(200);
  });

  it('ends the family when a spent token comes back after ten seconds', async () => {
    const first = await openAndLogIn(app);
    const second = tokensIn(await refresh(first.refresh));
    clock.advance(10);
    expect(refusal(await refresh(first.refresh))).toEqual(refused);
    expect(refusal(await refresh(second.refresh))).toEqual(refused);
    expect(await statusOf(profile(second.access))).toBe(401);
  });

  it('ends the family when a spent token comes back after its successor was used, however soon', async () => {
    const first = await openAndLogIn(app);
    const second = tokensIn(await refresh(first.refresh));
    const third = tokensIn(await refresh(second.refresh));
    expect(refusal(await refresh(first.refresh))).toEqual(refused);
    expect(refusal(await refresh(third.refresh))).toEqual(refused);
    expect(await statusOf(profile(third.access))).toBe(401);
  });

  it('ends that family alone', async () => {
    const first = await openAndLogIn(app);
    const elsewhere = await logIn(app, first.email);
    await refresh(tokensIn(await refresh(first.refresh)).refresh);
    await refresh(first.refresh);
    expect(await statusOf(refresh(elsewhere.refresh))).toBe(200);
  });

  it('counts thirty days from the last refresh', async () => {
    const first = await openAndLogIn(app);
    clock.advance(29 * 86_400);
    const second = tokensIn(await refresh(first.refresh));
    clock.advance(29 * 86_400);
    const third = tokensIn(await refresh(second.refresh));
    clock.advance(30 * 86_400);
    expect(refusal(await refresh(third.refresh))).toEqual(refused);
  });

  it('refuses an inactive account, an unknown token of a live session, and what is no token', async () => {
    const first = await openAndLogIn(app);
    await app.query('UPDATE users SET is_active = false WHERE id = $1', [first.id]);
    expect(refusal(await refresh(first.refresh))).toEqual(refused);
    expect(refusal(await refresh('nonsense'))).toEqual(refused);
    expect(refusal(await refresh(`00000000-0000-4000-8000-000000000000.${'A'.repeat(43)}`))).toEqual(refused);
    expect(refusal(await app.post('/auth/refresh', {}))).toMatchObject({ status: 400, pointers: ['/refresh_token'] });
  });
});

describe('POST /auth/logout', () => {
  it('ends the session at once, and is 204 again and for what is no token', async () => {
    const { access, refresh: token } = await openAndLogIn(app);
    for (const given of [token, token, 'nonsense']) expect(await statusOf(app.post('/auth/logout', { refresh_token: given }))).toBe(204);
    expect(await statusOf(profile(access))).toBe(401);
    expect(refusal(await refresh(token))).toEqual(refused);
    expect(refusal(await app.post('/auth/logout', {}))).toMatchObject({ status: 400, pointers: ['/refresh_token'] });
  });

  it('leaves the other sessions of the user alone', async () => {
    const first = await openAndLogIn(app);
    const other = await logIn(app, first.email);
    await app.post('/auth/logout', { refresh_token: first.refresh });
    expect(await statusOf(profile(other.access))).toBe(200);
  });
});

describe('an access token', () => {
  it('is asked for with a bare challenge, and refused with a reason', async () => {
    const missing = await app.get('/users/profile');
    expect([refusal(missing), missing.headers['www-authenticate']]).toEqual([
      { status: 401, code: 'token-required' },
      'Bearer realm="techmart"',
    ]);
    for (const authorization of ['Bearer', 'Bearer x', 'Basic eDp5', `Bearer ${'x.'.repeat(2)}x y`]) {
      const bad = await app.get('/users/profile', { headers: { authorization } });
      expect([refusal(bad), bad.headers['www-authenticate']]).toEqual([
        { status: 401, code: 'token-invalid' },
        'Bearer realm="techmart", error="invalid_token"',
      ]);
    }
  });

  it('expires after 15 minutes', async () => {
    const { access } = await openAndLogIn(app);
    clock.advance(899);
    expect(await statusOf(profile(access))).toBe(200);
    clock.advance(1);
    expect((await profile(access)).body).toMatchObject({ status: 401, detail: 'the access token has expired' });
  });

  it('loses a role at once when its user does, and gains one at once', async () => {
    const { id, access } = await openAndLogIn(app);
    const setRole = (role: string) => app.query('UPDATE users SET user_type = $2 WHERE id = $1', [id, role]);
    await setRole('admin');
    expect(await statusOf(app.get('/users', { as: access }))).toBe(200);
    await setRole('customer');
    expect(refusal(await app.get('/users', { as: access }))).toEqual({ status: 403, code: 'role-forbidden' });
  });

  it('ends at once with its session and with its account', async () => {
    const [revoked, deactivated] = [await openAndLogIn(app), await openAndLogIn(app)];
    await app.query('UPDATE sessions SET revoked_at = now() WHERE id = $1', [revoked.sessionId]);
    await app.query('UPDATE users SET is_active = false WHERE id = $1', [deactivated.id]);
    expect([await statusOf(profile(revoked.access)), await statusOf(profile(deactivated.access))]).toEqual([401, 401]);
  });

  it('costs exactly one statement to check, none when it is no token or the route is public', async () => {
    const { access } = await openAndLogIn(app);
    const budgetOf = async (path: string, as?: string) => (await app.queriesOf(() => app.get(path, { as }))).count;
    // Nothing of a route runs for a role that may not call it: what is left is the check.
    expect(await budgetOf('/users', access)).toBe(1);
    expect(await budgetOf('/users', 'x.y.z')).toBe(0);
    expect(await budgetOf('/users')).toBe(0);
    expect([await budgetOf('/stats', access), await budgetOf('/stats')]).toEqual([
      await budgetOf('/stats'),
      await budgetOf('/stats', access),
    ]);
  });
});

describe('a password changed by its owner', () => {
  it('lets the old one in no more, although it was being checked', async () => {
    const { email, access } = await openAndLogIn(app);
    const change = app.patch('/users/profile', { password: newPassword, current_password: password }, { as: access });
    expect((await change).status).toBe(200);
    expect([await statusOf(login(email)), await statusOf(login(email, newPassword))]).toEqual([401, 200]);
  });
});
