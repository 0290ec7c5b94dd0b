import { limitChecked, type LimitChecked } from '@app/common';
import { RateLimitService } from '@app/rate-limit';
import { AccessTokens } from '../src/auth/access-token.js';
import { loadConfig, type Config } from '../src/config.js';
import { startTestApp, type Answer, type TestApp } from './app.harness.js';

const limits = loadConfig({ RATE_LIMIT: 'on', LOAD_LEVEL: 'low' }).rateLimit;

const clock = { aheadMs: 0, now: () => Date.now() + clock.aheadMs, monotonic: () => performance.now() };

/** An application with the limiter on, at a level that the machine's load does not move, behind a proxy on loopback. */
const start = (rateLimit: Partial<Config['rateLimit']> = {}, trustProxy = 'loopback'): Promise<TestApp> =>
  startTestApp({
    clock,
    config: (config) => ({ ...config, http: { ...config.http, trustProxy }, rateLimit: { ...limits, ...rateLimit } }),
  });

const from = (address: string, headers: Record<string, string> = {}) => ({ headers: { 'x-forwarded-for': address, ...headers } });
const quotaOf = ({ status, headers }: Answer) => [status, Number(headers['x-ratelimit-limit']), Number(headers['x-ratelimit-remaining'])];
const logIn = (app: TestApp, address: string, email: string) =>
  app.post('/auth/login', { email, password: 'not the password' }, from(address));

async function statuses(count: number, call: (index: number) => Promise<Answer>): Promise<Record<number, number>> {
  const counted: Record<number, number> = {};
  for (let index = 0; index < count; index += 1) {
    const { status } = await call(index);
    counted[status] = (counted[status] ?? 0) + 1;
  }
  return counted;
}

describe('limits', () => {
  let app: TestApp;
  let token: string;
  beforeAll(async () => {
    app = await start();
    token = await app.token('customer');
  });
  afterAll(() => app.close());

  it.each([
    ['GET', '/products', 200],
    ['GET', '/products/1', 300],
    ['POST', '/products/search', 100],
    ['POST', '/auth/login', 10],
    ['POST', '/auth/register', 5],
    ['GET', '/users/profile', 100],
    ['POST', '/orders', 20],
    ['GET', '/orders', 50],
    ['POST', '/cart/add', 50],
    ['GET', '/cart', 100],
    ['GET', '/categories', 100],
    ['GET', '/products/1/reviews', 100],
  ])('%s %s: %i a minute', async (method, path, limit) => {
    const body = method === 'POST' ? {} : undefined;
    expect(quotaOf(await app.call(method, path, body, from('192.0.2.1'))).slice(1)).toEqual([limit, limit - 1]);
  });

  it('counts every product under one pattern, and says so exactly in both families of headers', async () => {
    const before = Math.floor(Date.now() / 1000);
    await app.get('/products/1', from('192.0.2.2'));
    const { headers } = await app.get('/products/2', from('192.0.2.2'));
    const after = Math.ceil(Date.now() / 1000);
    expect(headers).toMatchObject({
      'x-ratelimit-limit': '300',
      'x-ratelimit-remaining': '298',
      'x-system-load': 'low',
      ratelimit: '"GET /products/:id";r=298;t=60',
      'ratelimit-policy': '"GET /products/:id";q=300;w=60',
    });
    expect(Number(headers['x-ratelimit-reset'])).toBeGreaterThanOrEqual(before + 59);
    expect(Number(headers['x-ratelimit-reset'])).toBeLessThanOrEqual(after + 60);
  });

  it('explains a refusal to the client', async () => {
    const seen = await statuses(20, () => app.post('/auth/register', {}, from('192.0.2.3')));
    expect(seen).toEqual({ 400: 5, 429: 15 });
    const refused = await app.post('/auth/register', {}, from('192.0.2.3'));
    const retryAfter = Number(refused.headers['retry-after']);
    expect(retryAfter).toBeGreaterThan(50);
    expect(retryAfter).toBeLessThanOrEqual(60);
    expect(refused.headers).toMatchObject({ 'content-type': 'application/problem+json; charset=utf-8', 'x-ratelimit-remaining': '0' });
    expect(refused.body).toMatchObject({
      type: 'https://techmart.dev/problems/quota-exceeded',
      title: 'Too many requests',
      status: 429,
      detail: `POST /auth/register allows 5 requests in 60 s at load level low; try again in ${retryAfter} s`,
      instance: '/auth/register',
      retry_after: retryAfter,
      policy: 'POST /auth/register',
      quota: 5,
      window_s: 60,
      load_level: 'low',
    });
  });

  it('counts a signed-in user wherever they call from', async () => {
    const signedIn = async (address: string) => quotaOf(await app.get('/orders', { as: token, ...from(address) }));
    expect([await signedIn('192.0.2.10'), await signedIn('192.0.2.11')]).toEqual([[200, 50, 49], [200, 50, 48]]); // prettier-ignore
  });

  it('verifies a token once for limiter and guard, a good one not again, and takes it no longer than it lasts', async () => {
    const verify = jest.spyOn(AccessTokens.prototype, 'verify');
    const fresh = await app.token('seller');
    const call = async (authorization: string) => (await app.get('/orders', { headers: { authorization } })).status;
    expect([await call(`Bearer ${fresh}`), await call(`Bearer ${fresh}`), verify.mock.calls.length]).toEqual([200, 200, 1]);
    expect([await call('Bearer x.y.z'), verify.mock.calls.length]).toEqual([401, 2]);
    clock.aheadMs = 900_000;
    expect([await call(`Bearer ${fresh}`), verify.mock.calls.length]).toEqual([401, 3]);
    clock.aheadMs = 0;
    verify.mockRestore();
  });

  it('counts by the address what a token does not prove', async () => {
    const remaining = async (authorization: string) => quotaOf(await app.get('/orders', from('192.0.2.12', { authorization })))[2];
    expect([await remaining('Bearer x.y.z'), await remaining('Bearer a.b.c'), await remaining('Basic eDp5')]).toEqual([49, 48, 47]);
    expect(quotaOf(await app.get('/orders', from('192.0.2.12')))).toEqual([401, 50, 46]);
  });

  it('limits log-in by account over any number of addresses, whatever the case and whether or not it exists', async () => {
    const bot = (email: (index: number) => string) => statuses(15, (index) => logIn(app, `198.51.100.${index}`, email(index)));
    expect(await bot((index) => (index % 2 === 0 ? 'customer@techmart.test' : 'Customer@TechMart.test'))).toEqual({ 401: 10, 429: 5 });
    const refused = await logIn(app, '198.51.100.99', 'customer@techmart.test');
    expect(refused.body).toMatchObject({ policy: 'POST /auth/login account', quota: 10 });
    expect(refused.headers['ratelimit']).toMatch(/^"POST \/auth\/login";r=9;t=60, "POST \/auth\/login account";r=0;t=\d+$/);
    expect(await bot(() => 'nobody@techmart.test')).toEqual({ 401: 10, 429: 5 });
  });

  it('limits log-in by address over any number of accounts', async () => {
    expect(await statuses(15, (index) => logIn(app, '198.51.100.200', `user${index}@techmart.test`))).toEqual({ 401: 10, 429: 5 });
  });

  it('gives the addresses of one IPv6 network one budget', async () => {
    await app.get('/categories', from('2001:db8:0:1::1'));
    expect(quotaOf(await app.get('/categories', from('2001:db8:0:1:ffff::2')))).toEqual([200, 100, 98]);
    expect(quotaOf(await app.get('/categories', from('2001:db8:0:2::1')))).toEqual([200, 100, 99]);
  });

  it('gives a changed user agent no new budget', async () => {
    await app.get('/categories', from('192.0.2.13', { 'user-agent': 'one' }));
    expect(quotaOf(await app.get('/categories', from('192.0.2.13', { 'user-agent': 'two' })))).toEqual([200, 100, 98]);
  });

  it('takes the right-most hop that is not the proxy, not what the client has put before it', async () => {
    await app.get('/categories', from('6.6.6.6, 192.0.2.14'));
    expect(quotaOf(await app.get('/categories', from('7.7.7.7, 8.8.8.8, 192.0.2.14')))).toEqual([200, 100, 98]);
  });

  it('never refuses health and metrics, nor takes anything off for them', async () => {
    expect(await statuses(150, () => app.get('/health/live', from('192.0.2.15')))).toEqual({ 200: 150 });
    expect(quotaOf(await app.get('/metrics', from('127.0.0.1')))).toEqual([200, 100, 100]);
    expect((await app.get('/health')).headers['x-system-load']).toBe('low');
  });

  it('counts what never reaches a route: unknown paths, unreadable bodies, the documentation', async () => {
    expect(quotaOf(await app.get('/nothing', from('192.0.2.16')))).toEqual([404, 100, 99]);
    expect(quotaOf(await app.get('/docs/', from('192.0.2.16')))).toEqual([200, 100, 98]);
    const malformed = await app.nest.inject({
      method: 'POST',
      url: '/auth/register',
      payload: '{bad',
      headers: { 'content-type': 'application/json', 'x-forwarded-for': '192.0.2.16' },
    });
    expect([malformed.statusCode, malformed.headers['x-ratelimit-remaining']]).toEqual([400, '4']);
    expect(await statuses(120, (index) => app.get(`/nothing/${index}`, from('192.0.2.17')))).toEqual({ 404: 100, 429: 20 });
    const refused = await app.get('/docs/', from('192.0.2.17'));
    expect([refused.status, refused.body['policy'], refused.headers['content-type']]).toEqual([
      429,
      'unmatched',
      'application/problem+json; charset=utf-8',
    ]);
  });

  it('costs no statement', async () => {
    const { count } = await app.queriesOf(() => app.get('/health/live', from('192.0.2.18')));
    expect(count).toBe(0);
  });

  it('is told to who listens, in the context of the request', async () => {
    const facts: LimitChecked[] = [];
    const stop = limitChecked.subscribe((fact) => facts.push(fact));
    await app.get('/products/5', from('192.0.2.19'));
    stop();
    expect(facts).toEqual([{ policy: 'GET /products/:id', result: 'allowed', isShadowed: false, loadLevel: 'low' }]);
  });

  it('has figures for operators', async () => {
    const { loadLevel, concurrency, memory, shared, policies } = app.resolve<RateLimitService>(RateLimitService).stats();
    expect([loadLevel, concurrency.inFlight, concurrency.limit, shared]).toEqual(['low', 0, 256, undefined]);
    expect(memory.clients).toBeGreaterThan(10);
    expect(policies['POST /auth/register']?.limited).toBeGreaterThanOrEqual(16);
  });
});

describe('without a trusted proxy', () => {
  it('takes no word of X-Forwarded-For', async () => {
    const app = await start({}, '');
    await app.get('/categories', from('192.0.2.1'));
    expect(quotaOf(await app.get('/categories', from('192.0.2.2')))).toEqual([200, 100, 98]);
    await app.close();
  });
});

describe('each load level', () => {
  it.each([
    ['low', [200, 300, 10, 5]],
    ['medium', [140, 210, 7, 3]],
    ['high', [80, 120, 4, 2]],
    ['critical', [20, 30, 1, 1]],
  ] as const)('%s leaves %j of the limits, and says so', async (loadLevel, expected) => {
    const app = await start({ loadLevel });
    const answers = [
      await app.get('/products', from('192.0.2.1')),
      await app.get('/products/1', from('192.0.2.1')),
      await logIn(app, '192.0.2.1', 'a@b.test'),
      await app.post('/auth/register', {}, from('192.0.2.1')),
    ];
    expect(answers.map((answer) => quotaOf(answer)[1])).toEqual(expected);
    expect(answers.map(({ headers }) => headers['x-system-load'])).toEqual(answers.map(() => loadLevel));
    expect(await statuses(25, () => app.get('/products', from('192.0.2.9')))).toEqual(
      loadLevel === 'critical' ? { 200: 20, 429: 5 } : { 200: 25 },
    );
    const refused = loadLevel === 'critical' ? await app.get('/products', from('192.0.2.9')) : undefined;
    expect(refused?.body['detail'] ?? 'at load level critical (200 when it is low)').toContain(
      'at load level critical (200 when it is low)',
    );
    await app.close();
  });
});

describe('lists, shadow mode and overrides', () => {
  it('does not limit who is on the allow list, and refuses who is on the deny list', async () => {
    const app = await start({ allow: ['10.1.0.0/16'], deny: ['10.1.6.0/24', '2001:db8::/32'] });
    expect(await statuses(30, () => logIn(app, '10.1.2.3', 'a@b.test'))).toEqual({ 401: 30 });
    const denied = await app.get('/products', from('10.1.6.7'));
    expect([denied.status, denied.body['type'], denied.headers['x-system-load']]).toEqual([
      403,
      'https://techmart.dev/problems/address-denied',
      'low',
    ]);
    expect((await app.get('/nothing', from('2001:db8::1'))).status).toBe(403);
    expect((await app.get('/health/live', from('10.1.6.7'))).status).toBe(200);
    await app.close();
  });

  it('counts in shadow mode what it would refuse, and lets it through', async () => {
    const app = await start({ mode: 'shadow', deny: ['10.1.6.0/24'] });
    const facts: LimitChecked[] = [];
    const stop = limitChecked.subscribe((fact) => facts.push(fact));
    expect(await statuses(8, () => app.post('/auth/register', {}, from('192.0.2.1')))).toEqual({ 400: 8 });
    expect((await app.get('/products', from('10.1.6.7'))).status).toBe(200);
    stop();
    expect(facts.filter(({ isShadowed }) => isShadowed).map(({ result }) => result)).toEqual(['limited', 'limited', 'limited', 'denied']);
    const { policies } = app.resolve<RateLimitService>(RateLimitService).stats();
    expect(policies['POST /auth/register']).toMatchObject({ allowed: 8, limited: 0, shadowed: 3 });
    await app.close();
  });

  it('takes limits from the configuration, GCRA among them', async () => {
    const { overrides } = loadConfig({ RATE_LIMITS: '*=7, GET /products=5000:gcra' }).rateLimit;
    const app = await start({ overrides });
    const answers = await Promise.all(['/products', '/categories'].map((path) => app.get(path, from('192.0.2.1'))));
    expect(answers.map(({ headers }) => headers['ratelimit'])).toEqual(['"GET /products";r=4999;t=1', '"GET /categories";r=6;t=60']);
    await app.close();
  });
});
