import {
  logIn,
  mailedToken,
  mailsTo,
  MovableClock,
  newPassword,
  openAccount,
  openAndLogIn,
  password,
  refusal,
} from './accounts.fixture.js';
import { startTestApp, type Answer, type TestApp } from './app.harness.js';

const clock = new MovableClock();
let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ seeded: false, clock });
});
afterAll(() => app.close());

const verify = (token: string): Promise<Answer> => app.post('/auth/verify-email', { token });
const forgot = (email: string): Promise<Answer> => app.post('/auth/forgot-password', { email });
const reset = (token: string, given = newPassword): Promise<Answer> => app.post('/auth/reset-password', { token, password: given });
const isVerified = async (id: number): Promise<unknown> =>
  (await app.query('SELECT is_verified FROM users WHERE id = $1', [id]))[0]?.['is_verified'];
const refused = { status: 400, code: 'one-time-token-invalid', pointers: ['/token'] };

/** The token with its last character but one changed: still of the right form. */
const altered = (token: string): string => `${token.slice(0, -2)}${token.at(-2) === 'A' ? 'B' : 'A'}${token.slice(-1)}`;

describe('POST /auth/verify-email', () => {
  it('verifies the address with the mailed token, once', async () => {
    const { id, email } = await openAccount(app);
    const token = await mailedToken(app, email, 'verify-email');
    expect((await verify(token)).status).toBe(204);
    expect(await isVerified(id)).toBe(true);
    expect(refusal(await verify(token))).toEqual(refused);
  });

  it('takes it for two days', async () => {
    const [early, late] = [await openAccount(app), await openAccount(app)];
    clock.advance(48 * 3600 - 1);
    expect((await verify(await mailedToken(app, early.email, 'verify-email'))).status).toBe(204);
    clock.advance(1);
    expect(refusal(await verify(await mailedToken(app, late.email, 'verify-email')))).toEqual(refused);
    expect(await isVerified(late.id)).toBe(false);
  });

  it('takes none of another purpose, none that was altered, none that is unknown', async () => {
    const { id, email } = await openAccount(app);
    await forgot(email);
    const token = await mailedToken(app, email, 'verify-email');
    for (const bad of [await mailedToken(app, email, 'reset-password'), altered(token), `${token}.x`, 'nonsense'])
      expect(refusal(await verify(bad))).toEqual(refused);
    expect(refusal(await app.post('/auth/verify-email', {}))).toMatchObject({ status: 400, pointers: ['/token'] });
    expect(await isVerified(id)).toBe(false);
  });

  it('asks the database nothing about a token that was never issued', async () => {
    const { count } = await app.queriesOf(() => verify(`${'A'.repeat(43)}.${'A'.repeat(43)}`));
    expect(count).toBe(0);
  });

  it('is not told the token by the database, which holds a hash alone', async () => {
    const { id, email } = await openAccount(app);
    const token = await mailedToken(app, email, 'verify-email');
    const [row] = await app.query('SELECT to_json(t)::text AS stored FROM one_time_tokens t WHERE user_id = $1', [id]);
    const parts = token.split('.').flatMap((part) => [part, Buffer.from(part, 'base64url').toString('hex')]);
    expect(parts.filter((part) => String(row?.['stored']).includes(part))).toEqual([]);
  });
});

describe('POST /auth/forgot-password', () => {
  it('answers alike to a known, an unknown and an inactive address, with no statement before the answer', async () => {
    const [known, inactive] = [await openAccount(app), await openAccount(app)];
    await app.query('UPDATE users SET is_active = false WHERE id = $1', [inactive.id]);
    const answers: unknown[] = [];
    for (const email of [known.email, 'nobody@members.test', inactive.email]) {
      const { status, text, headers } = await forgot(email);
      answers.push({ status, text, database: /db;[^,]*/.exec(headers['server-timing'] ?? '')?.[0] });
    }
    expect(answers).toEqual(Array.from({ length: 3 }, () => ({ status: 202, text: '', database: 'db;dur=0.0;desc="0 queries"' })));
    const pages = async (email: string) => (await mailsTo(app, email)).filter(({ text }) => text.includes('reset-password')).length;
    expect([await pages(known.email), await pages('nobody@members.test'), await pages(inactive.email)]).toEqual([1, 0, 0]);
  });

  it('refuses what is no address', async () => {
    expect(refusal(await forgot('nobody'))).toMatchObject({ status: 400, pointers: ['/email'] });
  });
});

describe('POST /auth/reset-password', () => {
  it('sets the password, ends every session, and proves the address', async () => {
    const { id, email, ...before } = await openAndLogIn(app);
    const other = await logIn(app, email);
    await forgot(email);
    expect((await reset(await mailedToken(app, email, 'reset-password'))).status).toBe(204);
    for (const { access, refresh } of [before, other]) {
      expect((await app.get('/users/profile', { as: access })).status).toBe(401);
      expect((await app.post('/auth/refresh', { refresh_token: refresh })).status).toBe(401);
    }
    expect((await app.post('/auth/login', { email, password })).status).toBe(401);
    expect((await app.post('/auth/login', { email, password: newPassword })).status).toBe(200);
    expect(await isVerified(id)).toBe(true);
  });

  it('takes a token once, also when it is sent ten times at once', async () => {
    const { email } = await openAccount(app);
    await forgot(email);
    const token = await mailedToken(app, email, 'reset-password');
    const answers = await Promise.all(Array.from({ length: 10 }, (_, n) => reset(token, `long password ${n}`)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([204, ...Array.from({ length: 9 }, () => 400)]);
    const winner = answers.findIndex(({ status }) => status === 204);
    expect((await app.post('/auth/login', { email, password: `long password ${winner}` })).status).toBe(200);
  });

  it('takes it for an hour, and the newest one alone', async () => {
    const [late, twice] = [await openAccount(app), await openAccount(app)];
    await forgot(late.email);
    await forgot(twice.email);
    const first = await mailedToken(app, twice.email, 'reset-password');
    await forgot(twice.email);
    const second = await mailedToken(app, twice.email, 'reset-password');
    expect(refusal(await reset(first))).toEqual(refused);
    clock.advance(3599);
    expect((await reset(second)).status).toBe(204);
    clock.advance(1);
    expect(refusal(await reset(await mailedToken(app, late.email, 'reset-password')))).toEqual(refused);
  });

  it('takes the later one of two that were issued at once', async () => {
    const { id, email } = await openAccount(app);
    await forgot(email);
    const first = await mailedToken(app, email, 'reset-password');
    await forgot(email);
    const second = await mailedToken(app, email, 'reset-password');
    await app.query('UPDATE one_time_tokens SET used_at = NULL WHERE user_id = $1', [id]);
    expect(refusal(await reset(first))).toEqual(refused);
    expect((await reset(second)).status).toBe(204);
  });

  it('keeps the token when the password is too weak', async () => {
    const { email } = await openAccount(app);
    await forgot(email);
    const token = await mailedToken(app, email, 'reset-password');
    expect(refusal(await reset(token, 'short'))).toMatchObject({ status: 400, pointers: ['/password'] });
    expect((await reset(token)).status).toBe(204);
  });

  it('takes no token for verifying an address', async () => {
    const { email } = await openAccount(app);
    expect(refusal(await reset(await mailedToken(app, email, 'verify-email')))).toEqual(refused);
    expect((await app.post('/auth/login', { email, password })).status).toBe(200);
  });
});
