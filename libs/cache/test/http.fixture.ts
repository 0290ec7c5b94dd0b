import { Problem } from '@app/common';
import {
  Catch,
  Controller,
  ForbiddenException,
  Get,
  Header,
  Injectable,
  Module,
  Param,
  Query,
  Req,
  Res,
  type ArgumentsHost,
  type CanActivate,
  type ExceptionFilter,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { RequestListener, Server } from 'node:http';
import { Readable } from 'node:stream';
import {
  CacheModule,
  defineCacheTypes,
  HitLane,
  ResponseCache,
  ResponseCacheInterceptor,
  type CacheOptions,
  type LaneOptions,
} from '../src/index.js';

const types = defineCacheTypes({
  product_detail: { ttl: 3600, prefix: 'prod', consistency: 'strict', negativeTtl: 30 },
  posts: { ttl: 600, prefix: 'posts', grace: 3600 },
});

/** What the handlers answer with, and how often they ran. */
@Injectable()
export class Shop {
  readonly runs: Record<string, number> = {};
  name = 'old';
  isDown = false;
  before: () => Promise<void> = async () => undefined;
  /** What the lane waits for, if anything. */
  admission: Promise<true> | undefined;
  /** How often the lane has asked. */
  admissions = 0;
  /** The requests that Fastify has heard of. */
  heard = 0;
  /** What the lane tells of answers that it gave before that. */
  readonly ended: { readonly url: string | undefined; readonly status: number; readonly bodyBytes: number }[] = [];

  async answer(route: string): Promise<{ name: string; filler: string }> {
    this.runs[route] = (this.runs[route] ?? 0) + 1;
    const { name } = this;
    await this.before();
    if (this.isDown) throw new Error('no database');
    return { name, filler: 'x'.repeat(2000) };
  }
}

let numbered = 0;

@Controller('products')
class ProductsController {
  constructor(private readonly shop: Shop) {}

  @Get()
  @ResponseCache({ type: 'posts', tags: ['products'], query: { page: 1, q: undefined }, vary: ['accept-language'] })
  list() {
    return this.shop.answer('list');
  }

  @Get('cookie')
  @ResponseCache({ ttl: 60 })
  cookie(@Res({ passthrough: true }) reply: FastifyReply) {
    void reply.header('set-cookie', `visitor=${this.shop.runs['cookie'] ?? 0}`);
    return this.shop.answer('cookie');
  }

  @Get('private')
  @Header('cache-control', 'private')
  @ResponseCache({ ttl: 60 })
  private() {
    return this.shop.answer('private');
  }

  @Get('lasting')
  @Header('cache-control', 'public, max-age=60')
  @ResponseCache({ ttl: 60 })
  lasting() {
    return this.shop.answer('lasting');
  }

  @Get('numbered')
  @Header('x-number', () => String((numbered += 1)))
  @ResponseCache({ ttl: 60 })
  numbered() {
    return this.shop.answer('numbered');
  }

  @Get('stream')
  @ResponseCache({ ttl: 60 })
  async stream() {
    await this.shop.answer('stream');
    return Readable.from(['streamed']);
  }

  @Get('accepted')
  @ResponseCache({ ttl: 60 })
  accepted(@Res({ passthrough: true }) reply: FastifyReply) {
    void reply.code(202);
    return this.shop.answer('accepted');
  }

  @Get('text')
  @ResponseCache({ type: 'posts', headers: ['x-total'] })
  async text(@Res({ passthrough: true }) reply: FastifyReply) {
    const { name } = await this.shop.answer('text');
    void reply.header('link', `<${name}>`).header('x-total', '7').header('x-secret', 'no');
    return name;
  }

  @Get('plain')
  plain() {
    return this.shop.answer('plain');
  }

  @Get(['first/:id', 'second/:id'])
  @ResponseCache({ ttl: 60 })
  async several(@Req() request: FastifyRequest) {
    await this.shop.answer('several');
    return { path: request.url };
  }

  @Get(':id')
  @ResponseCache({ type: 'product_detail', tags: ['product:{id}'], query: ['fields'] })
  async detail(@Param('id') id: string, @Query('fields') fields?: string) {
    const answer = await this.shop.answer('detail');
    if (id === '404') throw new Problem(404, 'product-not-found', 'No such product', `There is no product ${id}.`);
    return { id, fields, ...answer };
  }
}

type Seen = Pick<FastifyRequest, 'headers' | 'raw'>;

const mayPass = ({ headers }: Seen): boolean => headers['x-refuse'] === undefined;

@Injectable()
class Guard implements CanActivate {
  canActivate(context: { switchToHttp(): { getRequest(): FastifyRequest } }): boolean {
    return mayPass(context.switchToHttp().getRequest());
  }
}

/** What the guard does, for the lane. */
const laneOptions = (shop: Shop): LaneOptions<Seen> => ({
  admit: (request, head) => {
    shop.admissions += 1;
    head.header('x-admission', 'asked');
    if (!mayPass(request)) throw new ForbiddenException('Forbidden resource');
    return shop.admission ?? true;
  },
  headers: { 'x-secured': 'yes' },
  complete: ({ headers }, head, bodyBytes) => {
    if (headers['x-break'] === 'before') throw new Error('broken before the answer');
    head.header('x-body-bytes', bodyBytes);
  },
});

@Catch()
class Filter implements ExceptionFilter {
  catch(error: Error & { status?: number }, host: ArgumentsHost) {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    void reply.code(error.status ?? 500).send({ message: error.message });
  }
}

/** With or without the lane that answers hits early: what a client sees is the same. */
export async function openShop(options: Partial<CacheOptions> = {}, hasLane = false): Promise<{ app: NestFastifyApplication; shop: Shop }> {
  @Module({
    imports: [CacheModule.forRoot({ types, name: 'Shop', random: () => 0, ...options })],
    controllers: [ProductsController],
    providers: [
      Shop,
      { provide: APP_GUARD, useClass: Guard },
      { provide: APP_INTERCEPTOR, useExisting: ResponseCacheInterceptor },
      { provide: APP_FILTER, useClass: Filter },
    ],
  })
  class ShopModule {}
  const app = await NestFactory.create<NestFastifyApplication>(ShopModule, new FastifyAdapter(), { logger: false, abortOnError: false });
  if (hasLane) {
    const server: FastifyInstance = app.getHttpAdapter().getInstance();
    server.addHook('onRequest', (request, reply, done) => {
      if (request.headers['x-early'] !== undefined) reply.header('vary', 'origin');
      done();
    });
    server.addHook('onRequest', app.get(HitLane).hook(laneOptions(app.get(Shop))));
  }
  await app.init();
  return { app, shop: app.get(Shop) };
}

/** A shop that listens, with both places of the lane. */
export async function openStreetShop(
  options: Partial<CacheOptions> = {},
): Promise<{ app: NestFastifyApplication; shop: Shop; url: string }> {
  const { app, shop } = await openShop(options, true);
  const server: Server = app.getHttpServer();
  const [handle] = server.listeners('request') as [RequestListener];
  const early = app.get(HitLane).early<Seen>(
    {
      ...laneOptions(shop),
      begin: (raw, _routeOptions, run) => run({ raw, headers: raw.headers }),
      end: ({ raw, headers }, status, bodyBytes) => {
        shop.ended.push({ url: raw.url, status, bodyBytes });
        if (headers['x-break'] === 'after') throw new Error('broken after the answer');
      },
    },
    (message, response) => {
      shop.heard += 1;
      handle(message, response);
    },
  );
  server.off('request', handle).on('request', early);
  await app.listen(0, '127.0.0.1');
  return { app, shop, url: await app.getUrl() };
}
