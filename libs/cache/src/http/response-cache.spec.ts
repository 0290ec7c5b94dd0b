import { Problem } from '@app/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { openShop, type Shop } from '../../test/http.fixture.js';
import { Gate } from '../../test/cache.fixture.js';
import { MovingClock } from '../../test/moving-clock.js';
import { Cache } from '../cache.js';
import { ResponseCache } from './response-cache.decorator.js';

describe.each([
  ['with the interceptor alone', false],
  ['with hits answered ahead of Nest', true],
])('@ResponseCache, %s', (_how, hasLane) => {
  let app: NestFastifyApplication;
  let shop: Shop;
  let clock: MovingClock;
  beforeEach(async () => {
    clock = new MovingClock();
    ({ app, shop } = await openShop({ clock }, hasLane));
  });
  afterEach(() => app.close());

  const get = (url: string, headers: Record<string, string> = {}) => app.inject({ method: 'GET', url, headers });
  const cache = () => app.get<Cache>(Cache);

  /** The compressed form, which is there some requests later. */
  async function squeezed(accepted: string) {
    for (;;) {
      const answer = await get('/products/7', { 'accept-encoding': accepted });
      if (answer.headers['content-encoding'] !== undefined) return answer;
      await new Promise(setImmediate);
    }
  }

  it('runs the handler once and gives the same answer again, with its headers, layer, age and remaining time', async () => {
    const first = await get('/products/7');
    clock.pass(5500);
    const second = await get('/products/7');
    expect([first.statusCode, second.statusCode, shop.runs]).toEqual([200, 200, { detail: 1 }]);
    expect(second.body).toBe(first.body);
    expect(second.json()).toEqual({ id: '7', name: 'old', filler: 'x'.repeat(2000) });
    expect(first.headers['cache-status']).toBe('Shop; fwd=uri-miss; stored; ttl=3600; detail="loaded in 0 ms"');
    expect(second.headers['cache-status']).toBe('Shop; hit; ttl=3594; detail="L1 age=5"');
    for (const { headers } of [first, second]) {
      expect(headers).toMatchObject({
        'content-type': 'application/json; charset=utf-8',
        'cache-control': 'public, max-age=0, must-revalidate',
        vary: 'accept-encoding',
        'content-length': String(Buffer.byteLength(first.body)),
        etag: expect.stringMatching(/^"[\w-]{27}"$/),
      });
    }
  });

  it('answers the form that the client takes once it is made, beside the requests, each with a validator of its own strength', async () => {
    const { body, headers } = await get('/products/7');
    const accepted = ['gzip;q=0.5, br', 'gzip, br;q=0'];
    const early = await Promise.all(accepted.map((coding) => get('/products/7', { 'accept-encoding': coding })));
    expect(early.map((answer) => [answer.body, answer.headers.etag, answer.headers.vary])).toEqual(
      accepted.map(() => [body, headers.etag, 'accept-encoding']),
    );
    const [br, gzip] = await Promise.all(accepted.map(squeezed));
    const none = await get('/products/7', { 'accept-encoding': 'identity' });
    expect(brotliDecompressSync(br?.rawPayload ?? '').toString()).toBe(body);
    expect(gunzipSync(gzip?.rawPayload ?? '').toString()).toBe(body);
    expect([br?.headers['content-encoding'], gzip?.headers['content-encoding'], none?.headers['content-encoding']]).toEqual([
      'br',
      'gzip',
      undefined,
    ]);
    expect([br?.headers.etag, gzip?.headers.etag, none?.headers.etag]).toEqual([`W/${headers.etag}`, `W/${headers.etag}`, headers.etag]);
    expect(shop.runs).toEqual({ detail: 1 });
  });

  it.each([
    ['its tag', (etag: string) => etag],
    ['a list with it', (etag: string) => `"other", W/${etag}`],
    ['anything', () => '*'],
  ])('says 304 to a client that has %s, without the handler', async (_what, condition) => {
    const { headers } = await get('/products/7');
    const answer = await get('/products/7', { 'if-none-match': condition(String(headers.etag)), 'accept-encoding': 'br' });
    expect([answer.statusCode, answer.body, answer.headers['content-encoding'], answer.headers['content-length']]).toEqual([
      304,
      '',
      undefined,
      undefined,
    ]);
    expect(answer.headers).toMatchObject({
      etag: headers.etag,
      vary: 'accept-encoding',
      'cache-control': 'public, max-age=0, must-revalidate',
    });
    expect((await get('/products/7', { 'if-none-match': '"other"' })).statusCode).toBe(200);
    expect(shop.runs).toEqual({ detail: 1 });
  });

  it('says 304 at a miss as well', async () => {
    const { headers } = await get('/products/7');
    await cache().invalidateTags(['product:7']);
    expect((await get('/products/7', { 'if-none-match': String(headers.etag) })).statusCode).toBe(304);
    expect(shop.runs).toEqual({ detail: 2 });
  });

  it('takes HEAD for GET without the body', async () => {
    const { body } = await get('/products/7');
    const head = await app.inject({ method: 'HEAD', url: '/products/7' });
    expect([head.statusCode, head.body, head.headers['content-length'], shop.runs]).toEqual([200, '', String(body.length), { detail: 1 }]);
  });

  it.each([
    ['undeclared parameters', '/products?utm=1', '/products?x=y&utm=2'],
    ['the order of parameters', '/products?page=2&q=a', '/products?q=a&page=2'],
    ['a default that is said', '/products', '/products?page=1&q='],
    ['spaces around a value and zeros before a number', '/products?page=2&q=a', '/products?page=02&q=%20a%20'],
  ])('shares one answer whatever %s', async (_what, one, other) => {
    await get(one);
    expect((await get(other)).headers['cache-status']).toContain('hit');
    expect(shop.runs).toEqual({ list: 1 });
  });

  it('keeps answers apart that differ in a declared parameter, a path or a header named in vary', async () => {
    const urls = [
      '/products?page=2',
      '/products?page=3',
      '/products?q=page%3D2',
      '/products?q=2',
      '/products/1',
      '/products/2',
      '/products/1?fields=a',
    ];
    for (const url of urls) await get(url);
    const languages = await Promise.all(['es', 'EN', 'en '].map((language) => get('/products', { 'accept-language': language })));
    expect(languages.filter(({ headers }) => headers.vary === 'accept-encoding, accept-language')).toHaveLength(3);
    expect(shop.runs).toEqual({ list: 6, detail: 3 });
    const answers = await Promise.all(['/products/first/1', '/products/second/1'].map((url) => get(url)));
    expect(answers.map((answer) => answer.json<{ path: string }>().path)).toEqual(['/products/first/1', '/products/second/1']);
  });

  it('goes round the cache for a header that is too long for a key', async () => {
    const long = { 'accept-language': 'x'.repeat(101) };
    expect((await get('/products', long)).headers['cache-status']).toBe('Shop; fwd=bypass; detail="a header is too long for the key"');
    await get('/products', long);
    expect(shop.runs).toEqual({ list: 2 });
  });

  it('shortens a key that a client made long', async () => {
    const url = `/products?q=${'x'.repeat(5000)}`;
    await get(url);
    await get(url);
    expect(shop.runs).toEqual({ list: 1 });
    expect((await cache().keys('posts:*')).every((key) => key.length < 100)).toBe(true);
  });

  it('ends answers by tag and by the pattern of their path', async () => {
    for (const id of ['7', '8']) await get(`/products/${id}`);
    shop.name = 'new';
    await cache().invalidateTags(['product:7']);
    await cache().invalidatePattern('prod:8:*');
    expect(
      (await Promise.all(['7', '8'].map((id) => get(`/products/${id}`)))).map((answer) => answer.json<{ name: string }>().name),
    ).toEqual(['new', 'new']);
  });

  it('runs one handler for 500 concurrent misses', async () => {
    const gate = new Gate();
    shop.before = () => gate.passed;
    const all = Promise.all(Array.from({ length: 500 }, () => get('/products/7')));
    while (shop.runs['detail'] === undefined) await new Promise(setImmediate);
    gate.open();
    const answers = await all;
    expect(shop.runs).toEqual({ detail: 1 });
    expect(new Set(answers.map(({ statusCode, body }) => `${statusCode} ${body.length}`)).size).toBe(1);
    expect(answers.filter(({ headers }) => String(headers['cache-status']).includes('collapsed'))).toHaveLength(499);
  });

  it('does not keep what an invalidation has overtaken', async () => {
    const gate = new Gate();
    shop.before = () => gate.passed;
    const slow = get('/products/7');
    while (shop.runs['detail'] === undefined) await new Promise(setImmediate);
    shop.name = 'new';
    shop.before = async () => undefined;
    await cache().invalidateTags(['product:7']);
    expect((await get('/products/7')).json<{ name: string }>().name).toBe('new');
    gate.open();
    expect((await slow).json<{ name: string }>().name).toBe('old');
    expect((await get('/products/7')).json<{ name: string }>().name).toBe('new');
  });

  it('answers a stale page at once, says so, and makes a new one behind it with the headers of the new run', async () => {
    expect((await get('/products/text')).headers).toMatchObject({
      link: '<old>',
      'x-total': '7',
      'content-type': 'text/plain; charset=utf-8',
    });
    shop.name = 'new';
    clock.pass(601_000);
    const stale = await get('/products/text', { 'if-none-match': '*' });
    expect([stale.statusCode, stale.headers['cache-status']]).toEqual([304, 'Shop; hit; ttl=-1; detail="L1 stale age=601"']);
    while (shop.runs['text'] !== 2) await new Promise(setImmediate);
    let fresh = await get('/products/text');
    while (String(fresh.headers['cache-status']).includes('stale')) fresh = await get('/products/text');
    expect([fresh.body, fresh.headers.link, fresh.headers['x-total'], fresh.headers['x-secret']]).toEqual(['new', '<new>', '7', undefined]);
    expect(fresh.headers.etag).not.toBe(stale.headers.etag);
  });

  it('goes on answering the old page while the handler fails', async () => {
    await get('/products');
    shop.isDown = true;
    clock.pass(601_000);
    expect((await get('/products')).statusCode).toBe(200);
    while (shop.runs['list'] !== 2) await new Promise(setImmediate);
    const stale = await get('/products');
    expect([stale.statusCode, stale.headers['cache-status']]).toEqual([200, 'Shop; hit; ttl=-1; detail="L1 stale age=601"']);
    expect((await get('/products?page=9')).statusCode).toBe(500);
  });

  it('keeps that there is none for its own time, and says it again as the handler did', async () => {
    const answers = [await get('/products/404'), await get('/products/404')];
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([404, 404]);
    expect(new Set(answers.map(({ body }) => body))).toEqual(new Set(['{"message":"No such product: There is no product 404."}']));
    expect(shop.runs).toEqual({ detail: 1 });
    clock.pass(30_001);
    await get('/products/404');
    expect(shop.runs).toEqual({ detail: 2 });
  });

  it.each([
    ['cookie', 'sets a cookie'],
    ['private', 'said not to be stored'],
    ['stream', 'a stream'],
    ['accepted', 'another status'],
  ])('never keeps or shares an answer that is for one request alone: %s', async (route, reason) => {
    const gate = new Gate();
    shop.before = () => gate.passed;
    const both = [get(`/products/${route}`), get(`/products/${route}`)];
    while (shop.runs[route] === undefined) await new Promise(setImmediate);
    gate.open();
    const answers = [...(await Promise.all(both)), await get(`/products/${route}`)];
    expect(shop.runs).toEqual({ [route]: 3 });
    for (const { headers } of answers) expect(headers['cache-status']).toBe(`Shop; fwd=bypass; detail="${reason}"`);
    const cookies = answers.map(({ headers }) => headers['set-cookie']);
    expect(new Set(cookies).size).toBe(route === 'cookie' ? 3 : 1);
    expect(answers.map(({ body }) => body.length > 0)).toEqual([true, true, true]);
    expect(await cache().keys('*')).toEqual([]);
  });

  it('runs behind the guards: who is refused gets no cached answer', async () => {
    await get('/products/7');
    expect((await get('/products/7', { 'x-refuse': '1' })).statusCode).toBe(403);
  });

  it('sets the headers of the route on a hit as well', async () => {
    const answers = [await get('/products/lasting'), await get('/products/lasting')];
    expect(answers.map(({ headers }) => headers['cache-control'])).toEqual(['public, max-age=60', 'public, max-age=60']);
    expect(shop.runs).toEqual({ lasting: 1 });
  });

  it('works a header of the route out for each answer where it is a function', async () => {
    const answers = [await get('/products/numbered'), await get('/products/numbered'), await get('/products/numbered')];
    expect(new Set(answers.map(({ headers }) => headers['x-number'])).size).toBe(3);
    expect(shop.runs).toEqual({ numbered: 1 });
  });

  it('counts a hit once', async () => {
    for (let turn = 0; turn < 3; turn += 1) await get('/products/7');
    expect(cache().figures().types['product_detail']).toMatchObject({ reads: 3, loads: 1, l1: { hits: 2, misses: 1, fills: 1 } });
  });

  it('leaves other routes alone', async () => {
    const { headers } = await get('/products/plain');
    await get('/products/plain');
    expect([headers['cache-status'], headers.etag, shop.runs]).toEqual([undefined, undefined, { plain: 2 }]);
  });

  it('refuses a route without a lifetime, and to keep a cookie', () => {
    expect(() => ResponseCache({})).toThrow(RangeError);
    expect(() => ResponseCache({ ttl: 1, headers: ['Set-Cookie'] })).toThrow(RangeError);
  });
});

describe('the lane of hits', () => {
  let app: NestFastifyApplication;
  let shop: Shop;
  beforeEach(async () => {
    ({ app, shop } = await openShop({ clock: new MovingClock() }, true));
  });
  afterEach(() => app.close());

  const get = (url: string, headers: Record<string, string> = {}) => app.inject({ method: 'GET', url, headers });

  it('answers when the request is admitted', async () => {
    const first = await get('/products/7');
    shop.admission = new Promise((admit) => setImmediate(admit, true));
    const second = await get('/products/7');
    expect([second.statusCode, second.body, second.headers['cache-status']]).toEqual([200, first.body, expect.stringContaining('hit')]);
    expect(shop.runs).toEqual({ detail: 1 });
  });

  it('writes each header once, those of the application too, and tells what it sent', async () => {
    const { body } = await get('/products/7');
    const { headers, rawPayload } = await get('/products/7');
    expect(headers).toEqual({
      'x-admission': 'asked',
      'cache-status': 'Shop; hit; ttl=3600; detail="L1 age=0"',
      'x-body-bytes': String(body.length),
      'x-secured': 'yes',
      'cache-control': 'public, max-age=0, must-revalidate',
      vary: 'accept-encoding',
      'content-type': 'application/json; charset=utf-8',
      etag: expect.any(String),
      'content-length': String(rawPayload.length),
      date: expect.any(String),
      connection: 'keep-alive',
    });
  });

  it.each([{}, { 'if-none-match': '*' }])('adds what was set before it, with the condition %o', async (condition) => {
    await get('/products/7');
    const [alone, beside] = [await get('/products/7', condition), await get('/products/7', { ...condition, 'x-early': 'yes' })];
    expect([beside.statusCode, beside.body]).toEqual([alone.statusCode, alone.body]);
    expect(beside.headers).toMatchObject({ vary: 'origin, accept-encoding', etag: alone.headers.etag, 'x-secured': 'yes' });
  });

  it('gives the answer of a refusal that comes later', async () => {
    await get('/products/7');
    shop.admission = Promise.reject(new Problem(429, 'limited', 'Too many requests'));
    const { statusCode, headers } = await get('/products/7');
    expect([statusCode, headers['x-admission'], headers['x-secured']]).toEqual([429, 'asked', 'yes']);
  });

  it('does not answer what was invalidated while the request waited for its admission', async () => {
    await get('/products/7');
    const gate = new Gate();
    shop.admission = gate.passed.then(() => true as const);
    const slow = get('/products/7');
    await new Promise(setImmediate);
    shop.name = 'new';
    await app.get<Cache>(Cache).invalidateTags(['product:7']);
    gate.open();
    expect((await slow).json<{ name: string }>().name).toBe('new');
  });

  it('leaves to the guards what it has no answer to', async () => {
    expect((await get('/products/7', { 'x-refuse': '1' })).statusCode).toBe(403);
    shop.admission = Promise.reject(new Error('asked without need'));
    shop.admission.catch(() => undefined);
    expect((await get('/products/7')).statusCode).toBe(200);
  });
});
