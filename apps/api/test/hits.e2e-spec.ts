import { requestFinished, type RequestFinished } from '@app/common';
import { loadConfig, type Config } from '../src/config.js';
import { startTestApp, type Answer, type TestApp } from './app.harness.js';

const origin = 'https://shop.test';

const config = (base: Config): Config => ({
  ...base,
  http: { ...base.http, corsOrigins: [origin] },
  cache: { ...base.cache, isEnabled: true },
  profiling: { ...base.profiling, sampleRate: 1 },
  rateLimit: loadConfig({ RATE_LIMIT: 'on', LOAD_LEVEL: 'low', RATE_LIMITS: 'GET /products/:id=3' }).rateLimit,
});

const asIs = { headers: { 'accept-encoding': 'identity' } };

describe('an answer that the cache has ready', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ config });
  });
  afterAll(() => app.close());

  /** The second read of a path that nobody else reads. */
  async function hit(path: string, options: Parameters<TestApp['get']>[1] = asIs): Promise<{ first: Answer; second: Answer }> {
    const [first, second] = [await app.get(path, options), await app.get(path, options)];
    expect(second.headers['cache-status']).toMatch(/^techmart; hit/);
    return { first, second };
  }

  it('has the headers and the body of one that was made for the request', async () => {
    const { first, second } = await hit('/categories');
    expect(Object.keys(second.headers).toSorted()).toEqual(Object.keys(first.headers).toSorted());
    expect(second.body).toEqual(first.body);
    for (const name of ['content-type', 'content-length', 'etag', 'vary', 'cache-control', 'content-security-policy', 'x-ratelimit-limit'])
      expect([name, second.headers[name]]).toEqual([name, first.headers[name]]);
    expect(second.headers['x-request-id']).not.toBe(first.headers['x-request-id']);
    expect(second.headers['server-timing']).toMatch(/db;dur=0\.0;desc="0 queries"/);
  });

  it('counts against the limit of its route once, and is refused like any other', async () => {
    const answers = [];
    for (let n = 0; n < 4; n += 1) answers.push(await app.get('/products/1', asIs));
    expect(answers.map(({ status, headers }) => [status, headers['x-ratelimit-remaining']])).toEqual([
      [200, '2'],
      [200, '1'],
      [200, '0'],
      [429, '0'],
    ]);
    const refused = answers[3];
    expect(refused?.headers).toMatchObject({
      'content-type': 'application/problem+json; charset=utf-8',
      'retry-after': expect.stringMatching(/^\d+$/),
      'x-content-type-options': 'nosniff',
      'x-request-id': expect.any(String),
    });
    expect(refused?.body).toMatchObject({ status: 429, instance: '/products/1' });
  });

  it('is open to the pages of an allowed origin', async () => {
    const { second } = await hit('/posts/trending', { headers: { ...asIs.headers, origin } });
    expect(second.headers).toMatchObject({ 'access-control-allow-origin': origin, 'x-content-type-options': 'nosniff' });
    expect(second.headers['vary']?.toLowerCase()).toContain('origin');
  });

  it('is told to who watches requests, with its bytes and its read of the cache', async () => {
    await app.get('/products/popular', asIs);
    const facts: RequestFinished[] = [];
    const stop = requestFinished.subscribe((fact) => facts.push(fact));
    const { headers, text } = await app.get('/products/popular', asIs);
    stop();
    expect(facts).toMatchObject([{ method: 'GET', route: '/products/popular', statusCode: 200, responseBytes: Buffer.byteLength(text) }]);
    const profile = await app.get(`/profiling/requests/${headers['x-request-id']}`, { as: await app.token('admin') });
    const reads = profile.body['steps'] as { kind: string; name: string }[];
    expect(reads.filter(({ kind }) => kind === 'cache')).toMatchObject([{ name: 'popular_products: hit of L1' }]);
  });
});
