import { limitChecked, type LimitChecked } from '@app/common';
import { Controller, Get, Head, Logger, Post, Req, type Type } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { InjectThrottlerStorage, SkipThrottle, Throttle, ThrottlerGuard, type ThrottlerStorage } from '@nestjs/throttler';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { TestClock } from '../test/fakes.js';
import type { LoadSample } from './load/load-level.js';
import type { LoadMonitor } from './load/load-monitor.js';
import { RateLimit } from './rate-limit.decorator.js';
import { RateLimitGuard } from './rate-limit.guard.js';
import { RateLimitModule } from './rate-limit.module.js';
import type { LimitedRequest, RateLimitOptions } from './rate-limit.options.js';
import { RateLimitService } from './rate-limit.service.js';

@Controller('things')
class ThingsController {
  @Get()
  list() {
    return [];
  }

  @Get(':id')
  one() {
    return {};
  }

  @Head(':id/size')
  size() {
    return '';
  }

  @Post('search')
  @Throttle({ default: { limit: 2, ttl: 10_000 } })
  search() {
    return [];
  }

  @Get('free/:id')
  @SkipThrottle()
  free() {
    return {};
  }

  @Get('dear/:id')
  @RateLimit({ cost: 5 })
  dear() {
    return {};
  }

  @Post('login')
  @RateLimit({ limit: 3, alsoBy: { name: 'account', of: ({ body }) => (body as { name?: string } | null)?.name } })
  login() {
    return {};
  }
}

@Controller('reports')
@RateLimit({ priority: 5, limit: 7 })
class ReportsController {
  @Get()
  list() {
    return [];
  }

  @Get('one')
  @RateLimit({ limit: 9, algorithm: 'gcra' })
  one(@Req() request: FastifyRequest) {
    return { url: request.url };
  }
}

const basic: RateLimitOptions = { mode: 'on', rules: [], loadLevel: 'low' };

async function start(options: Partial<RateLimitOptions> = {}, guard: Type = RateLimitGuard): Promise<NestFastifyApplication> {
  const module = await Test.createTestingModule({
    imports: [RateLimitModule.forRoot({ ...basic, clock: new TestClock(), ...options })],
    controllers: [ThingsController, ReportsController],
    providers: [{ provide: APP_GUARD, useClass: guard }],
  }).compile();
  const app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter({ trustProxy: true }), { logger: false });
  await app.init();
  return app;
}

const limitsOf = (app: NestFastifyApplication) => app.get(RateLimitService);

async function get(app: NestFastifyApplication, url: string, address = '203.0.113.1', method: 'GET' | 'HEAD' | 'POST' = 'GET') {
  const { statusCode, headers } = await app.inject({ method, url, headers: { 'x-forwarded-for': address } });
  return { statusCode, limit: Number(headers['x-ratelimit-limit']), remaining: Number(headers['x-ratelimit-remaining']), headers };
}

describe('RateLimitModule', () => {
  let app: NestFastifyApplication;
  beforeAll(() => Logger.overrideLogger(false));
  afterEach(() => app.close());

  it('limits every route by its pattern, each by itself', async () => {
    app = await start();
    expect(await get(app, '/things/1')).toMatchObject({ limit: 100, remaining: 99 });
    expect(await get(app, '/things/2')).toMatchObject({ limit: 100, remaining: 98 });
    expect(await get(app, '/things?x=1')).toMatchObject({ limit: 100, remaining: 99 });
    expect(Object.keys(limitsOf(app).stats().policies)).toEqual([
      'unmatched',
      'GET /things',
      'GET /things/:id',
      'HEAD /things/:id/size',
      'POST /things/search',
      'GET /things/free/:id',
      'GET /things/dear/:id',
      'POST /things/login',
      'POST /things/login account',
      'GET /reports',
      'GET /reports/one',
    ]);
  });

  it('takes a HEAD from the budget of its GET', async () => {
    app = await start();
    await get(app, '/things/1', undefined, 'HEAD');
    expect(await get(app, '/things/1')).toMatchObject({ remaining: 98 });
  });

  it('goes by the last rule that matches, then by the decorators of the controller and of the handler', async () => {
    app = await start({
      limit: 50,
      rules: [
        { route: '*', limit: 40 },
        { route: '/things*', limit: 30 },
        { route: 'GET /things/{id}', limit: 20 },
        { route: '/reports', limit: 10 },
      ],
    });
    const urls = ['/things', '/things/1', '/things/dear/1', '/reports', '/reports/one'];
    const limits = await Promise.all(urls.map(async (url) => (await get(app, url)).limit));
    expect(limits).toEqual([30, 20, 30, 7, 9]);
  });

  it('honours @Throttle with its own window, and @SkipThrottle', async () => {
    app = await start();
    const answers = [];
    for (let count = 0; count < 3; count += 1) answers.push(await get(app, '/things/search', undefined, 'POST'));
    expect(answers.map(({ limit, remaining }) => [limit, remaining])).toEqual([[2, 1], [2, 0], [2, 0]]); // prettier-ignore
    expect(answers[0]?.headers['ratelimit-policy']).toBe('"POST /things/search";q=2;w=10');
    for (let count = 0; count < 150; count += 1) expect((await get(app, '/things/free/1')).remaining).toBe(100);
  });

  it('takes the cost of a route off at once', async () => {
    app = await start();
    expect((await get(app, '/things/dear/1')).remaining).toBe(95);
    expect((await get(app, '/things/dear/1')).remaining).toBe(90);
  });

  it('counts by the second key too, hashed, and tells the tighter of the two', async () => {
    app = await start();
    const login = (address: string, payload: object) =>
      app.inject({ method: 'POST', url: '/things/login', payload, headers: { 'x-forwarded-for': address } });
    await login('203.0.113.1', { name: 'ada' });
    const second = await login('203.0.113.2', { name: 'ada' });
    expect(second.headers).toMatchObject({
      'x-ratelimit-remaining': '1',
      ratelimit: '"POST /things/login";r=2;t=60, "POST /things/login account";r=1;t=60',
      'ratelimit-policy': '"POST /things/login";q=3;w=60, "POST /things/login account";q=3;w=60',
    });
    expect((await login('203.0.113.2', {})).headers['x-ratelimit-remaining']).toBe('1');
  });

  it.each([
    ['an exact rule', { rules: [{ route: 'GET /thing', limit: 5 }] }, 'limits for routes that do not exist: GET /thing'],
    ['a limit that is none', { rules: [{ route: '/things', limit: 0 }] }, 'GET /things: limit and cost are whole numbers'],
    ['a bad range', { deny: ['10.0.0.0/99'] }, '"10.0.0.0/99" is neither an address nor a CIDR range'],
    ['sampling too often', { loadSampleMs: 100 }, 'loadSampleMs is 500 or more'],
  ])('does not start with %s', async (_, options: Partial<RateLimitOptions>, message) => {
    app = await start();
    await expect(start(options)).rejects.toThrow(message);
  });

  it('does not start with a @Throttle that wants to be asked per request', async () => {
    @Controller('late')
    class LateController {
      @Get()
      @Throttle({ default: { limit: () => 5, ttl: 1000 } })
      list() {
        return [];
      }
    }
    app = await start();
    const module = Test.createTestingModule({ imports: [RateLimitModule.forRoot(basic)], controllers: [LateController] });
    const late = (await module.compile()).createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger: false });
    await expect(late.init()).rejects.toThrow('@Throttle of GET /late: limit and ttl are numbers here');
  });

  it('tells each decision to who listens, with the policy and never the path', async () => {
    app = await start({ rules: [{ route: 'GET /things/:id', limit: 1 }] });
    const facts: LimitChecked[] = [];
    const stop = limitChecked.subscribe((fact) => facts.push(fact));
    await get(app, '/things/1');
    await get(app, '/things/2');
    await get(app, '/things/free/1');
    stop();
    await get(app, '/things');
    expect(facts).toEqual([
      { policy: 'GET /things/:id', result: 'allowed', isShadowed: false, loadLevel: 'low' },
      { policy: 'GET /things/:id', result: 'limited', isShadowed: false, loadLevel: 'low' },
      { policy: 'GET /things/free/:id', result: 'exempt', isShadowed: false, loadLevel: 'low' },
    ]);
    expect(limitsOf(app).stats().policies['GET /things/:id']).toMatchObject({ allowed: 1, limited: 1 });
  });

  it('goes by the address when nobody is proven, and by the user when somebody is, at once or later', async () => {
    const users: Record<string, string | undefined> = { ada: 'user:1', bob: 'user:2' };
    const userOf = ({ headers }: LimitedRequest) => {
      const known = users[String(headers['x-user'])];
      return known === 'user:2' ? Promise.resolve(known) : known;
    };
    app = await start({ userOf });
    const remaining = async (address: string, user = '') => {
      const { headers } = await app.inject({ url: '/things', headers: { 'x-forwarded-for': address, 'x-user': user } });
      return headers['x-ratelimit-remaining'];
    };
    expect([await remaining('203.0.113.1', 'ada'), await remaining('203.0.113.2', 'ada')]).toEqual(['99', '98']);
    expect([await remaining('203.0.113.1', 'bob'), await remaining('203.0.113.2', 'bob')]).toEqual(['99', '98']);
    expect([await remaining('203.0.113.1', 'eve'), await remaining('203.0.113.2', 'eve')]).toEqual(['99', '99']);
  });

  it('gives a made-up user agent no budget of its own, unless it is told to', async () => {
    const remaining = async (agent: string) =>
      (await app.inject({ url: '/things', headers: { 'user-agent': agent } })).headers['x-ratelimit-remaining'];
    app = await start();
    expect([await remaining('one'), await remaining('two')]).toEqual(['99', '98']);
    await app.close();
    app = await start({ byUserAgent: true });
    expect([await remaining('one'), await remaining('two'), await remaining('one')]).toEqual(['99', '99', '98']);
  });

  it('moves all limits through all levels with the load, and back', async () => {
    const clock = new TestClock();
    const calm: LoadSample = { cpuRatio: 0, eventLoopRatio: 0, memoryRatio: 0, loopDelayMs: 0, poolWaitMs: 0 };
    const source = { load: 0, start: () => undefined, stop: () => undefined, sample: () => ({ ...calm, cpuRatio: source.load }) };
    app = await start({ clock, loadLevel: undefined, loadSource: source });
    const { load } = limitsOf(app) as unknown as { load: LoadMonitor };
    const seen: unknown[] = [];
    for (const cpu of [0.3, 0.7, 0.9, 1, 0.9, 0.7, 0.3]) {
      source.load = cpu;
      for (let sample = 0; sample < 30; sample += 1) {
        clock.advance(500);
        await load.tick();
      }
      const { limit, headers } = await get(app, '/things');
      seen.push([headers['x-system-load'], limit]);
    }
    expect(seen).toEqual([
      ['low', 100],
      ['medium', 70],
      ['high', 40],
      ['critical', 10],
      ['high', 40],
      ['medium', 70],
      ['low', 100],
    ]);
  });

  it('lets in whose answer is at hand, whatever the capacity, within the quota, and counts it once', async () => {
    app = await start({ loadLevel: 'critical' });
    const limits = limitsOf(app);
    const server: FastifyInstance = app.getHttpAdapter().getInstance();
    const refused: unknown[] = [];
    server.addHook('onRequest', (request, reply, done) => {
      if (request.headers['x-ready'] === undefined) return done();
      try {
        void limits.admitReady(request, reply);
        done();
      } catch (error) {
        refused.push(error);
        done(error as Error);
      }
    });
    const ask = (headers: Record<string, string>) => app.inject({ url: '/reports', headers });
    const answers = [await ask({}), await ask({ 'x-ready': 'yes' }), await ask({ 'x-ready': 'yes' })];
    expect(answers.map(({ headers }) => headers['x-ratelimit-remaining'])).toEqual([undefined, '0', '0']);
    expect(answers[1]?.statusCode).toBe(200);
    expect(refused).toMatchObject([{ status: 429 }]);
    expect(limits.stats().policies['GET /reports']).toMatchObject({ shed: 1, allowed: 1, limited: 1 });
  });

  it('does nothing at all when it is off', async () => {
    app = await start({ mode: 'off', rules: [{ route: 'GET /things', limit: 1 }] });
    const answers = [await get(app, '/things'), await get(app, '/things')];
    expect(answers.map(({ statusCode, limit }) => [statusCode, limit])).toEqual([[200, NaN], [200, NaN]]); // prettier-ignore
  });

  it('is a storage for the stock guard of @nestjs/throttler as well, exact and in seconds', async () => {
    class StockGuard extends ThrottlerGuard {
      constructor(@InjectThrottlerStorage() readonly storage: ThrottlerStorage) {
        super([{ name: 'default', limit: 2, ttl: 60_000 }], storage, new (jest.requireActual('@nestjs/core').Reflector)());
      }
    }
    app = await start({}, StockGuard);
    const answers = await Promise.all(Array.from({ length: 20 }, () => app.inject({ url: '/things' })));
    expect(answers.filter(({ statusCode }) => statusCode === 200)).toHaveLength(2);
    expect(answers.find(({ statusCode }) => statusCode === 429)?.headers['retry-after']).toBe('60');
  });
});
