import { hash } from '@node-rs/argon2';
import { SignJWT } from 'jose';
import { Mailbox } from './accounts-mailbox.fixture.js';
import { alike, claimsOf, demo, logIn, login, password, register, registration, tokensOf } from './accounts-people.fixture.js';
import { startTestApp, type Json, type TestApp } from './app.harness.js';

const mailbox = new Mailbox();
let app: TestApp;
beforeAll(async () => {
  const smtpUrl = await mailbox.listen();
  app = await startTestApp({ config: (config) => ({ ...config, mail: { ...config.mail, smtpUrl } }) });
});
afterAll(async () => {
  await app.close();
  await mailbox.close();
});

const pointersOf = (body: Json): string[] => (body['errors'] as { pointer: string }[]).map(({ pointer }) => pointer).toSorted();

describe('POST /auth/register', () => {
  it('opens an unverified customer account and answers all of it but the password', async () => {
    const given = registration({ phone: '+34 600 000 000' });
    const { status, body, text } = await app.post('/auth/register', given);
    const { password: _, ...shown } = given;
    expect(status).toBe(201);
    expect(body).toMatchObject({ ...shown, user_type: 'customer', is_active: true, is_verified: false, last_login: null });
    expect(body['created_at']).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
    expect(text).not.toMatch(/password|argon/);
    const [row] = await app.query('SELECT password_hash FROM users WHERE id = $1', [body['id']]);
    expect(row?.['password_hash']).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  });

  it.each([
    ['email', (taken: Json) => ({ email: String(taken['email']).toUpperCase() })],
    ['username', (taken: Json) => ({ username: String(taken['username']).toUpperCase() })],
  ])('answers 409 naming the %s when it is taken, in any case', async (field, clash) => {
    const first = registration();
    await app.post('/auth/register', first);
    const { status, body } = await app.post('/auth/register', registration(clash(first)));
    expect([status, body['type'], pointersOf(body)]).toEqual([409, `https://techmart.dev/problems/${field}-taken`, [`/${field}`]]);
  });

  it('opens one account for ten registrations of one address at once', async () => {
    const { email } = registration();
    const answers = await Promise.all(Array.from({ length: 10 }, () => app.post('/auth/register', registration({ email }))));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, ...Array.from({ length: 9 }, () => 409)]);
  });

  it.each([
    ['/password', { password: 'nine char' }],
    ['/password', { password: 'x'.repeat(129) }],
    ['/email', { email: 'nobody' }],
    ['/username', { username: 'a b' }],
    ['/first_name', { first_name: '' }],
    ['/last_name', { last_name: 'Nul\u0000' }],
    ['/phone', { phone: 'call me' }],
    ['/user_type', { user_type: 'admin' }],
    ['/is_verified', { is_verified: true }],
  ])('refuses %s in %j', async (pointer, given) => {
    const { status, body } = await app.post('/auth/register', registration(given));
    expect([status, [...new Set(pointersOf(body))]]).toEqual([400, [pointer]]);
  });
});

describe('POST /auth/verify-email', () => {
  it('verifies the address with the mailed token, once', async () => {
    const { id, email } = await register(app);
    const token = await mailbox.tokenFor(email, /verify-email/);
    expect((await app.post('/auth/verify-email', { token })).status).toBe(204);
    expect(await app.query('SELECT is_verified FROM users WHERE id = $1', [id])).toEqual([{ is_verified: true }]);
    const again = await app.post('/auth/verify-email', { token });
    expect([again.status, again.headers['content-type']]).toEqual([400, 'application/problem+json; charset=utf-8']);
  });

  it('stores the token as a hash', async () => {
    const { id, email } = await register(app);
    const token = await mailbox.tokenFor(email, /verify-email/);
    const [row] = await app.query('SELECT to_json(t)::text AS stored FROM one_time_tokens t WHERE user_id = $1', [id]);
    expect(String(row?.['stored'])).not.toContain(token);
  });

  it('takes no expired token, none for another purpose, and none that was tampered with', async () => {
    const { id, email } = await register(app);
    const token = await mailbox.tokenFor(email, /verify-email/);
    expect((await app.post('/auth/reset-password', { token, password })).status).toBe(400);
    expect((await app.post('/auth/verify-email', { token: `${token.slice(0, -2)}AA` })).status).toBe(400);
    await app.query(`UPDATE one_time_tokens SET expires_at = now() - interval '1 second' WHERE user_id = $1`, [id]);
    expect((await app.post('/auth/verify-email', { token })).status).toBe(400);
  });
});

describe('POST /auth/login', () => {
  it('answers tokens and the user, and sets last_login', async () => {
    const { id, email } = await register(app);
    const { status, body } = await login(app, email.toUpperCase());
    expect(status).toBe(200);
    expect(Object.keys(body).toSorted()).toEqual(['access_token', 'expires_in', 'refresh_token', 'token_type', 'user']);
    expect([body['token_type'], body['expires_in'], body['user']['id']]).toEqual(['Bearer', 900, id]);
    expect(Date.now() - Date.parse(body['user']['last_login'] as string)).toBeLessThan(60_000);
  });

  it('signs the claims that the guard needs, for 15 minutes, with the first key', async () => {
    const { access } = await demo(app, 'seller');
    const header = JSON.parse(Buffer.from(access.split('.')[0] ?? '', 'base64url').toString()) as Json;
    const claims = claimsOf(access);
    expect([header['alg'], header['kid']]).toEqual(['HS256', 'test']);
    expect(claims).toMatchObject({ sub: '2', role: 'seller', iss: expect.any(String), aud: expect.any(String), sid: expect.any(String) });
    expect((claims['exp'] as number) - (claims['iat'] as number)).toBe(900);
  });

  it('answers alike for a wrong password, an unknown address, an inactive and an erased account', async () => {
    const { id, email } = await register(app);
    const inactive = await register(app);
    await app.query('UPDATE users SET is_active = false WHERE id = $1', [inactive.id]);
    const wrong = alike(await login(app, email, 'wrong password'));
    expect(wrong['status']).toBe(401);
    expect(alike(await login(app, 'nobody@people.test'))).toEqual(wrong);
    expect(alike(await login(app, inactive.email))).toEqual(wrong);
    await app.delete('/users/profile', { as: (await logIn(app, email)).access });
    const [erased] = await app.query<{ email: string }>(`SELECT email FROM users WHERE id = $1`, [id]);
    // Its address is none that the schema takes, or it is refused like the others.
    const given = await login(app, erased!.email);
    expect([400, 401]).toContain(given.status);
  });

  it('hashes again what was hashed with other parameters', async () => {
    const { id, email } = await register(app);
    const weak = await hash(password, { memoryCost: 4096, timeCost: 1, parallelism: 1 });
    await app.query('UPDATE users SET password_hash = $2 WHERE id = $1', [id, weak]);
    await logIn(app, email);
    const [row] = await app.query('SELECT password_hash FROM users WHERE id = $1', [id]);
    expect(row?.['password_hash']).toMatch(/m=19456,t=2,p=1/);
    await logIn(app, email);
  });

  it('costs two statements', async () => {
    const { count } = await app.queriesOf(() => demo(app, 'customer'));
    expect(count).toBe(2);
  });
});

describe('a flood of log-ins', () => {
  it('gets 503 with Retry-After beyond the queue, while other routes answer', async () => {
    const busy = await startTestApp({ config: (config) => ({ ...config, auth: { ...config.auth, hashConcurrency: 1, hashQueue: 2 } }) });
    const flood = Promise.all(Array.from({ length: 12 }, () => login(busy, 'customer@techmart.test', 'techmart-demo')));
    const meanwhile = await busy.get('/health/live');
    const answers = await flood;
    await busy.close();
    const refused = answers.filter(({ status }) => status === 503);
    expect(meanwhile.status).toBe(200);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 503]));
    expect(refused[0]?.body['type']).toBe('https://techmart.dev/problems/password-hashing-busy');
    expect(Number(refused[0]?.headers['retry-after'])).toBeGreaterThan(0);
  });
});

describe('access tokens', () => {
  const key = new TextEncoder().encode('a key for tests only, long enough to be taken');
  const forge = (claims: Json, { alg = 'HS256', kid = 'test', secret = key } = {}) =>
    new SignJWT(claims).setProtectedHeader({ alg, kid, typ: 'JWT' }).sign(secret);
  const profile = (token: string) => app.get('/users/profile', { as: token });

  it('answers 401 with a bare challenge when there is none', async () => {
    const { status, headers } = await app.get('/users/profile');
    expect([status, headers['www-authenticate']]).toEqual([401, expect.stringMatching(/^Bearer(?!.*error=)/)]);
  });

  it.each([
    ['an expired one', (claims: Json) => forge({ ...claims, exp: Math.floor(Date.now() / 1000) - 1 })],
    ['one of another issuer', (claims: Json) => forge({ ...claims, iss: 'elsewhere' })],
    ['one for another audience', (claims: Json) => forge({ ...claims, aud: 'elsewhere' })],
    ['one without a session', ({ sid: _, ...claims }: Json) => forge(claims)],
    ['one of another algorithm', (claims: Json) => forge(claims, { alg: 'HS512' })],
    ['one of an unknown key', (claims: Json) => forge(claims, { kid: 'other' })],
    ['one signed with another secret', (claims: Json) => forge(claims, { secret: new TextEncoder().encode('x'.repeat(40)) })],
    ['one that pairs a session with another user', (claims: Json) => forge({ ...claims, sub: '1' })],
    ['one that names no number', (claims: Json) => forge({ ...claims, sub: '1 OR 1=1' })],
  ])('refuses %s', async (_, forged) => {
    const { access } = await demo(app, 'customer');
    const { status, headers } = await profile(await forged(claimsOf(access)));
    expect([status, headers['www-authenticate']]).toEqual([401, expect.stringMatching(/^Bearer .*error="invalid_token"/)]);
  });

  it('believes the database about the role, not the token', async () => {
    const person = await register(app);
    await app.query(`UPDATE users SET user_type = 'admin' WHERE id = $1`, [person.id]);
    const { access } = await logIn(app, person.email);
    expect((await app.get('/users', { as: access })).status).toBe(200);
    await app.query(`UPDATE users SET user_type = 'customer' WHERE id = $1`, [person.id]);
    expect((await app.get('/users', { as: access })).status).toBe(403);
    const forged = await forge({ ...claimsOf(access), role: 'admin' });
    expect((await app.get('/users', { as: forged })).status).toBe(403);
  });

  it('end with the account at once', async () => {
    const { id, email } = await register(app);
    const { access } = await logIn(app, email);
    await app.query('UPDATE users SET is_active = false WHERE id = $1', [id]);
    expect((await profile(access)).status).toBe(401);
  });

  it('are checked in one statement', async () => {
    const { access } = await demo(app, 'customer');
    const { count, result } = await app.queriesOf(() => app.get('/audit', { as: access }));
    expect([result.status, count]).toEqual([403, 1]);
  });

  it('verify with every configured key, and are signed with the first', async () => {
    const [old, fresh] = [
      { id: 'old', secret: 'the key of last month, of 32 characters or more' },
      { id: 'new', secret: 'the key of this month, of 32 characters or more' },
    ];
    const rotated = await startTestApp({ config: (config) => ({ ...config, auth: { ...config.auth, jwtKeys: [fresh, old] } }) });
    const { access } = await demo(rotated, 'customer');
    expect(JSON.parse(Buffer.from(access.split('.')[0] ?? '', 'base64url').toString())).toMatchObject({ kid: 'new' });
    const byOld = await forge(claimsOf(access), { kid: 'old', secret: new TextEncoder().encode(old.secret) });
    const { status } = await rotated.get('/users/profile', { as: byOld });
    await rotated.close();
    expect(status).toBe(200);
  });
});

describe('a forgotten password', () => {
  it('is answered alike for known and unknown addresses', async () => {
    const { email } = await register(app);
    const known = alike(await app.post('/auth/forgot-password', { email }));
    expect([202, 204]).toContain(known['status']);
    expect(alike(await app.post('/auth/forgot-password', { email: 'nobody@people.test' }))).toEqual(known);
    await mailbox.find(email, /reset-password/);
    expect(mailbox.mails.some(({ to }) => to === 'nobody@people.test')).toBe(false);
  });

  it('is replaced with the mailed token, once; every session ends', async () => {
    const { email } = await register(app);
    const before = await logIn(app, email);
    await app.post('/auth/forgot-password', { email });
    const token = await mailbox.tokenFor(email, /reset-password/);
    expect((await app.post('/auth/reset-password', { token, password: 'another passphrase' })).status).toBe(204);
    expect((await app.get('/users/profile', { as: before.access })).status).toBe(401);
    expect((await app.post('/auth/refresh', { refresh_token: before.refresh })).status).toBe(401);
    expect((await login(app, email)).status).toBe(401);
    expect((await login(app, email, 'another passphrase')).status).toBe(200);
    expect((await app.post('/auth/reset-password', { token, password: 'a third passphrase' })).status).toBe(400);
  });

  it('is replaced once by ten requests with one token at once', async () => {
    const { email } = await register(app);
    await app.post('/auth/forgot-password', { email });
    const token = await mailbox.tokenFor(email, /reset-password/);
    const tries = Array.from({ length: 10 }, (_, n) => app.post('/auth/reset-password', { token, password: `passphrase number ${n}` }));
    const statuses = (await Promise.all(tries)).map(({ status }) => status);
    expect(statuses.toSorted()).toEqual([204, ...Array.from({ length: 9 }, () => 400)]);
  });

  it('mails no link to an inactive account', async () => {
    const { id, email } = await register(app);
    await app.query('UPDATE users SET is_active = false WHERE id = $1', [id]);
    await app.post('/auth/forgot-password', { email });
    const control = await register(app);
    await app.post('/auth/forgot-password', { email: control.email });
    await mailbox.find(control.email, /reset-password/);
    expect(mailbox.mails.some(({ to, text }) => to === email && text.includes('reset-password'))).toBe(false);
  });

  it('gets its mail although the mail server fails at first', async () => {
    const { email } = await register(app);
    await mailbox.find(email, /verify-email/);
    mailbox.refuse(1);
    await app.post('/auth/forgot-password', { email });
    expect(await mailbox.tokenFor(email, /reset-password/)).toMatch(/./);
  });

  it('keeps the session of a log-in with the new password', async () => {
    const { email } = await register(app);
    await app.post('/auth/forgot-password', { email });
    const token = await mailbox.tokenFor(email, /reset-password/);
    await app.post('/auth/reset-password', { token, password: 'another passphrase' });
    const after = tokensOf(await login(app, email, 'another passphrase'));
    expect((await app.get('/users/profile', { as: after.access })).status).toBe(200);
  });
});
