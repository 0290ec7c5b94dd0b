import { Problem } from '@app/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { request as send } from 'undici';
import { Cache } from '../src/cache.js';
import { Gate } from './cache.fixture.js';
import { openStreetShop, type Shop } from './http.fixture.js';
import { MovingClock } from './moving-clock.js';

describe('the lane of hits before Fastify', () => {
  let app: NestFastifyApplication;
  let shop: Shop;
  let url: string;
  beforeEach(async () => {
    ({ app, shop, url } = await openStreetShop({ clock: new MovingClock() }));
  });
  afterEach(() => app.close());

  async function get(path: string, headers: Record<string, string> = {}, method: 'GET' | 'HEAD' = 'GET') {
    const answer = await send(url + path, { method, headers });
    const { date: _, 'keep-alive': _timeout, ...rest } = answer.headers;
    return { status: answer.statusCode, headers: rest, body: await answer.body.text() };
  }

  /** Loaded, and then answered by the hook: from now on the address is known. Gives what the hook answered. */
  async function known(path: string) {
    await get(path);
    const answer = await get(path);
    Object.assign(shop, { heard: 0, admissions: 0 });
    return answer;
  }

  it('answers what the hook has answered before, with the same head and body, and tells of it', async () => {
    const byHook = await known('/products/7?fields=name');
    expect(await get('/products/7?fields=name')).toEqual(byHook);
    expect([shop.heard, shop.admissions, shop.runs]).toEqual([0, 1, { detail: 1 }]);
    expect(shop.ended).toEqual([{ url: '/products/7?fields=name', status: 200, bodyBytes: Buffer.byteLength(byHook.body) }]);
  });

  it('says that nothing has changed to whoever has the answer', async () => {
    const { headers } = await known('/products/7');
    const condition = { 'if-none-match': String(headers['etag']) };
    const unchanged = await get('/products/7', condition);
    expect([unchanged.status, unchanged.body, shop.heard]).toEqual([304, '', 0]);
    expect(shop.ended).toEqual([{ url: '/products/7', status: 304, bodyBytes: 0 }]);
    expect(unchanged.headers).toMatchObject({ etag: headers['etag'], 'x-secured': 'yes', vary: 'accept-encoding' });
  });

  it.each([
    ['another query', '/products/7?fields=id', 'GET'],
    ['another path to the same route', '/products/8', 'GET'],
    ['another method', '/products/7', 'HEAD'],
  ] as const)('leaves %s to Fastify', async (_what, path, method) => {
    await known('/products/7');
    expect((await get(path, {}, method)).status).toBe(200);
    expect([shop.heard, shop.ended]).toEqual([1, []]);
  });

  it.each([
    ['depends on a header of the request', '/products'],
    ['has a header that is worked out each time', '/products/numbered'],
    ['is not kept', '/products/plain'],
  ])('remembers no address whose answer %s', async (_what, path) => {
    await known(path);
    expect((await get(path)).status).toBe(200);
    expect([shop.heard, shop.ended]).toEqual([1, []]);
  });

  it('remembers no address of a length that nobody needs', async () => {
    const path = `/products/7?unheard-of=${'x'.repeat(500)}`;
    await known(path);
    expect((await get(path)).status).toBe(200);
    expect(shop.heard).toBe(1);
  });

  it('has the handler asked again for what was invalidated', async () => {
    await known('/products/7');
    shop.name = 'new';
    await app.get<Cache>(Cache).invalidateTags(['product:7']);
    expect(JSON.parse((await get('/products/7')).body)).toMatchObject({ name: 'new' });
    expect([shop.heard, shop.runs]).toEqual([1, { detail: 2 }]);
  });

  it('gives a refusal to Fastify, which answers it, and asks nobody again', async () => {
    await known('/products/7');
    const { status, headers, body } = await get('/products/7', { 'x-refuse': '1' });
    expect([status, headers['x-admission'], headers['x-secured'], JSON.parse(body)]).toEqual([
      403,
      'asked',
      'yes',
      { message: 'Forbidden resource' },
    ]);
    expect([shop.heard, shop.admissions, shop.ended]).toEqual([1, 1, []]);
  });

  it('waits for an admission, and for a refusal', async () => {
    const byHook = await known('/products/7');
    shop.admission = new Promise((admit) => setImmediate(admit, true));
    expect(await get('/products/7')).toEqual(byHook);
    shop.admission = Promise.reject(new Problem(429, 'limited', 'Too many requests'));
    expect((await get('/products/7')).status).toBe(429);
    expect([shop.heard, shop.admissions, shop.ended.length]).toEqual([1, 2, 1]);
  });

  it('does not answer what was invalidated while the request waited for its admission, and asks for none again', async () => {
    await known('/products/7');
    const gate = new Gate();
    shop.admission = gate.passed.then(() => true as const);
    const slow = get('/products/7');
    while (shop.admissions === 0) await new Promise(setImmediate);
    shop.name = 'new';
    await app.get<Cache>(Cache).invalidateTags(['product:7']);
    gate.open();
    const { body, headers } = await slow;
    expect([JSON.parse(body), headers['x-admission']]).toEqual([expect.objectContaining({ name: 'new' }), 'asked']);
    expect([shop.heard, shop.admissions]).toEqual([1, 1]);
  });

  it('answers an error of the application before the head with a problem, and goes on after one behind it', async () => {
    const byHook = await known('/products/7');
    expect((await get('/products/7', { 'x-break': 'before' })).status).toBe(500);
    await get('/products/7', { 'x-break': 'after' }).catch(() => undefined);
    expect(await get('/products/7')).toEqual(byHook);
  });
});
