import { currentRequest, limitChecked, requestFinished, type RequestFinished } from '@app/common';
import { Injectable, Module, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { Pool } from 'undici';
import { Readiness } from '../src/ops/health/readiness.js';
import { loadConfig, type Config } from '../src/config.js';
import { startTestApp, type TestApp } from './app.harness.js';

const config = (base: Config): Config => ({
  ...base,
  http: { ...base.http, trustProxy: 'loopback' },
  cache: { ...base.cache, isEnabled: true },
  profiling: { ...base.profiling, sampleRate: 1 },
  rateLimit: loadConfig({ RATE_LIMIT: 'on', LOAD_LEVEL: 'low', RATE_LIMITS: 'GET /products/:id=4' }).rateLimit,
});

/** Counts the answers that Fastify hears of. */
@Injectable()
class Ear implements OnModuleInit {
  heard = 0;

  constructor(private readonly host: HttpAdapterHost) {}

  onModuleInit(): void {
    this.host.httpAdapter.getInstance<FastifyInstance>().addHook('onResponse', (_request, _reply, done) => {
      this.heard += 1;
      done();
    });
  }
}

@Module({ providers: [Ear] })
class EarModule {}

describe('an answer that the cache has ready, of an address that is known', () => {
  let app: TestApp;
  let pool: Pool;
  beforeAll(async () => {
    app = await startTestApp({ config, modules: [EarModule] });
    await app.nest.listen(0, '127.0.0.1');
    pool = new Pool(await app.nest.getUrl());
  });
  afterAll(async () => {
    await pool.close();
    await app.close();
  });

  async function get(path: string, headers: Record<string, string> = {}) {
    const answer = await pool.request({ method: 'GET', path, headers: { 'accept-encoding': 'identity', ...headers } });
    return { status: answer.statusCode, headers: answer.headers as Record<string, string | undefined>, text: await answer.body.text() };
  }

  /** Reads of a path that nobody else reads: made, answered by Fastify's hook, and then without Fastify. */
  async function known(path: string, headers: Record<string, string> = {}) {
    const made = await get(path, headers);
    await get(path, headers);
    return made;
  }

  it('has the headers and the body of one that was made for the request', async () => {
    const made = await known('/categories');
    const ear = app.resolve<Ear>(Ear);
    ear.heard = 0;
    const { headers, text } = await get('/categories');
    expect(ear.heard).toBe(0);
    expect(headers['cache-status']).toMatch(/^techmart; hit/);
    expect(Object.keys(headers).toSorted()).toEqual(Object.keys(made.headers).toSorted());
    expect(text).toBe(made.text);
    for (const name of ['content-type', 'content-length', 'etag', 'vary', 'cache-control', 'content-security-policy', 'x-ratelimit-limit'])
      expect([name, headers[name]]).toEqual([name, made.headers[name]]);
    expect(headers['server-timing']).toMatch(/db;dur=0\.0;desc="0 queries"/);
  });

  it('is told to who watches requests, under the id that the client chose, with its bytes and its read of the cache', async () => {
    await known('/products/popular');
    const facts: [RequestFinished, string | undefined][] = [];
    const stop = requestFinished.subscribe((fact) => facts.push([fact, currentRequest()?.requestId]));
    const { headers, text } = await get('/products/popular', { 'x-request-id': 'chosen-by-the-client' });
    stop();
    expect(headers['x-request-id']).toBe('chosen-by-the-client');
    const fact = { method: 'GET', route: '/products/popular', statusCode: 200, responseBytes: Buffer.byteLength(text) };
    expect(facts).toEqual([[expect.objectContaining(fact), 'chosen-by-the-client']]);
    const profile = await app.get('/profiling/requests/chosen-by-the-client', { as: await app.token('admin') });
    const reads = profile.body['steps'] as { kind: string; name: string }[];
    expect(reads.filter(({ kind }) => kind === 'cache')).toMatchObject([{ name: 'popular_products: hit of L1' }]);
  });

  it('counts each sender behind a proxy by itself, each request once, and refuses like any other', async () => {
    const [one, other] = [{ 'x-forwarded-for': '203.0.113.1' }, { 'x-forwarded-for': '203.0.113.2' }];
    await known('/products/1', one);
    const decided: [string, string | undefined][] = [];
    const stop = limitChecked.subscribe(({ result }) => decided.push([result, currentRequest()?.requestId]));
    const answers = [
      await get('/products/1', one),
      await get('/products/1', other),
      await get('/products/1', one),
      await get('/products/1', one),
    ];
    stop();
    expect(answers.map(({ status, headers }) => [status, headers['x-ratelimit-remaining']])).toEqual([
      [200, '1'],
      [200, '3'],
      [200, '0'],
      [429, '0'],
    ]);
    expect(decided).toEqual(['allowed', 'allowed', 'allowed', 'limited'].map((result, n) => [result, answers[n]?.headers['x-request-id']]));
    const refused = answers[3];
    expect(refused?.headers).toMatchObject({
      'content-type': 'application/problem+json; charset=utf-8',
      'retry-after': expect.stringMatching(/^\d+$/),
      'x-content-type-options': 'nosniff',
    });
    expect(JSON.parse(refused?.text ?? '')).toMatchObject({ status: 429, instance: '/products/1' });
  });

  it('counts whoever has a token as its user, and looks at no forged one', async () => {
    const as = { authorization: `Bearer ${await app.token('customer')}` };
    await known('/products/2', as);
    const [own, forged] = [
      await get('/products/2', as),
      await get('/products/2', { authorization: 'Bearer forged', 'x-forwarded-for': '203.0.113.3' }),
    ];
    expect([own, forged].map(({ status, headers }) => [status, headers['x-ratelimit-remaining']])).toEqual([
      [200, '1'],
      [200, '3'],
    ]);
  });

  it('asks clients to move elsewhere while the process drains', async () => {
    await known('/posts/trending');
    const readiness = app.resolve<Readiness>(Readiness);
    const spy = jest.spyOn(readiness, 'isDraining', 'get').mockReturnValue(true);
    const { status, headers } = await get('/posts/trending');
    spy.mockRestore();
    expect([status, headers['connection']]).toEqual([200, 'close']);
  });
});
