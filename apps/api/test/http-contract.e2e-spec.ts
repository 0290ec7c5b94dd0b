import { connect } from 'node:net';
import { startTestApp, type TestApp } from './app.harness.js';

const problemTypes = 'https://techmart.dev/problems/';

describe('HTTP contract', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp();
  });
  afterAll(() => app.close());

  it('answers an unknown route with a problem that names the request', async () => {
    const answer = await app.get('/nowhere?secret=1', { headers: { 'x-request-id': 'abc-123' } });
    expect(answer.status).toBe(404);
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(answer.body).toEqual({
      type: `${problemTypes}not-found`,
      title: 'Not found',
      status: 404,
      detail: 'there is nothing at this address',
      instance: '/nowhere',
      request_id: 'abc-123',
    });
  });

  it('answers a known path under a wrong method with 405 and what is allowed', async () => {
    const answer = await app.call('PUT', '/products/1');
    expect([answer.status, answer.body['type']]).toEqual([405, `${problemTypes}method-not-allowed`]);
    expect(answer.headers['allow']?.split(', ').toSorted()).toEqual(['DELETE', 'GET', 'HEAD', 'PATCH']);
  });

  it.each([
    ['404 for a name that is too long', `/products/by-slug/${'x'.repeat(300)}`, 404, 'not-found'],
    ['400 for a path that is no UTF-8', '/products/by-slug/%ff', 400, 'malformed-request'],
  ])('answers %s', async (_, path, status, type) => {
    const answer = await app.get(path, { headers: { 'x-request-id': 'abc-123' } });
    expect([answer.status, answer.headers['content-type']]).toEqual([status, 'application/problem+json; charset=utf-8']);
    expect(answer.body).toMatchObject({ type: problemTypes + type, status, instance: path, request_id: 'abc-123' });
  });

  it.each([
    ['PATCH', '/products/popular', 'GET, HEAD'],
    ['GET', '/products/search', 'POST'],
    ['DELETE', '/products/import', 'POST'],
    ['OPTIONS', '/posts/trending', 'GET, HEAD'],
  ])('does not take the name of a resource for an id: %s %s', async (method, path, allow) => {
    const answer = await app.call(method, path, method === 'PATCH' ? 'a,b' : undefined, { headers: { 'content-type': 'text/csv' } });
    expect([answer.status, answer.body['type'], answer.headers['allow']]).toEqual([405, `${problemTypes}method-not-allowed`, allow]);
  });

  it.each([
    ['malformed JSON', '{"query":', 'application/json', 400, 'malformed-body'],
    ['an empty JSON body', '', 'application/json', 400, 'malformed-body'],
    ['a foreign media type', 'query=x', 'application/x-www-form-urlencoded', 415, 'unsupported-media-type'],
    ['a body over the limit', JSON.stringify({ query: 'x'.repeat(1_100_000) }), 'application/json', 413, 'body-too-large'],
  ])('refuses %s', async (_, body, type, status, code) => {
    const answer = await app.call('POST', '/products/search', body, { headers: { 'content-type': type } });
    expect([answer.status, answer.body['type'], answer.headers['content-type']]).toEqual([
      status,
      problemTypes + code,
      'application/problem+json; charset=utf-8',
    ]);
  });

  it('points to every invalid field, and to unknown ones', async () => {
    const answer = await app.post('/products/search', { page_size: 1000, min_price: -1, colour: 'red' });
    expect(answer.status).toBe(400);
    expect((answer.body['errors'] as { pointer: string }[]).map((error) => error.pointer).toSorted()).toEqual([
      '/colour',
      '/min_price',
      '/page_size',
    ]);
  });

  it.each(['0', '-1', '1.5', 'abc', '9007199254740992', '%00'])('refuses the id %s with 400', async (given) => {
    const answer = await app.get(`/products/${given}`);
    expect([answer.status, answer.body['errors']?.[0]?.pointer]).toEqual([400, '/path/id']);
  });

  it('keeps a harmless request id and replaces any other', async () => {
    expect((await app.get('/products/1', { headers: { 'x-request-id': 'a.b-c_1' } })).headers['x-request-id']).toBe('a.b-c_1');
    expect((await app.get('/products/1', { headers: { 'x-request-id': 'a b' } })).headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('times every answer, refusals included, and counts the statements', async () => {
    expect((await app.get('/products/1')).headers['server-timing']).toMatch(
      /^total;dur=[\d.]+, db;dur=[\d.]+;desc="1 query", cache;dur=0\.0$/,
    );
    expect((await app.get('/users/profile')).headers['server-timing']).toMatch(/^total;dur=/);
  });

  it('gives a validator, a 304 on it, and a new one after a write', async () => {
    const first = await app.get('/products/1');
    expect(first.headers['cache-control']).toBe('public, max-age=0, must-revalidate');
    const again = await app.get('/products/1', { headers: { 'if-none-match': first.headers['etag'] ?? '' } });
    expect([again.status, again.text, again.headers['etag']]).toEqual([304, '', first.headers['etag']]);
    await app.query(`UPDATE products SET name = name || ' II' WHERE id = 1`);
    expect((await app.get('/products/1', { headers: { 'if-none-match': first.headers['etag'] ?? '' } })).status).toBe(200);
  });

  it('lets no cache keep what is not public', async () => {
    expect((await app.get('/users/profile')).headers['cache-control']).toBe('no-store');
    expect((await app.get('/products/999999999')).headers['cache-control']).toBe('no-store');
  });

  it('sets the security headers', async () => {
    const { headers } = await app.get('/products/1');
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    expect(headers['x-powered-by']).toBeUndefined();
  });

  it('serves the document, the page and the metrics', async () => {
    const document = await app.get('/openapi.json');
    expect(document.body['openapi']).toBe('3.1.0');
    expect((await app.get('/docs')).text).toContain('TechMart API');
    expect((await app.get('/metrics')).text).toContain('process_cpu_user_seconds_total');
  });

  it('tells whether it lives and whether it is ready', async () => {
    expect((await app.get('/health/live')).body).toEqual({ status: 'ok' });
    expect((await app.get('/health/ready')).body).toEqual({ status: 'ok' });
  });

  it('documents summary, answers and problems of every operation', async () => {
    const { paths } = (await app.get('/openapi.json')).body as { paths: Record<string, Record<string, Record<string, unknown>>> };
    const incomplete = Object.entries(paths).flatMap(([path, operations]) =>
      Object.entries(operations)
        .filter(
          ([, operation]) =>
            !operation['summary'] ||
            !operation['x-access'] ||
            !Object.keys(operation['responses'] as object).some((status) => status < '400'),
        )
        .map(([method]) => `${method} ${path}`),
    );
    expect(incomplete).toEqual([]);
  });
});

describe('a slow client', () => {
  it('is closed when its request does not arrive in time', async () => {
    const app = await startTestApp({ seeded: false, config: (config) => ({ ...config, http: { ...config.http, requestTimeoutMs: 300 } }) });
    await app.nest.listen({ host: '127.0.0.1', port: 0 });
    const { port } = app.nest.getHttpServer().address() as { port: number };
    const received = await new Promise<string>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => socket.write('POST /products/search HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n'));
      let text = '';
      socket.on('data', (chunk) => (text += chunk.toString()));
      socket.on('close', () => resolve(text));
      socket.on('error', reject);
    });
    await app.close();
    expect(received).toMatch(/^HTTP\/1\.1 408 /);
  });
});
