import { HitLane, RESPONSE_CACHE, type LaneOptions } from '@app/cache';
import { runInRequest } from '@app/common';
import { RateLimitService } from '@app/rate-limit';
import type { INestApplicationContext } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import type { RequestListener, Server } from 'node:http';
import { Readiness } from '../ops/health/readiness.js';
import { ACCESS } from './access.js';
import { EarlyRequest, type SeenRequest } from './early-request.js';
import { publishFinished, sign } from './request-lifecycle.js';
import type { TrustsHop } from './trusted-hops.js';

type Handler = (...args: never[]) => unknown;

interface Surroundings {
  /** Of every answer. */
  readonly headers: Readonly<Record<string, string>>;
  readonly trusts: TrustsHop | undefined;
  /** Spans begin and end in hooks of Fastify. */
  readonly isTraced: boolean;
}

/**
 * Answers what the cache has ready before Nest hears of it, within the sender's limits, and before Fastify does, once it has found the route
 * of an address. The other guard looks at tokens, and whoever may read a cached answer needs none; that it is so is looked at here, once.
 */
export function answerHits(server: FastifyInstance, app: NestFastifyApplication, { headers, trusts, isTraced }: Surroundings): void {
  requirePublic(app);
  const [lane, limits, readiness] = [app.get(HitLane), app.get(RateLimitService), app.get(Readiness)];
  const options: LaneOptions<SeenRequest> = {
    admit: (request, head) => limits.admitReady(request, head),
    headers,
    complete: (request, head, bodyBytes) => {
      sign(request, head, bodyBytes);
      if (readiness.isDraining) head.header('connection', 'close');
    },
  };
  const hook = lane.hook(options);
  server.addHook('onRequest', (request, reply, done) => runInRequest(request.context, () => hook.call(server, request, reply, done)));
  if (isTraced) return;
  listenFirst(server.server, (handle) =>
    lane.early<EarlyRequest>(
      {
        ...options,
        begin: (message, routeOptions, run) => {
          const request = new EarlyRequest(message, routeOptions, trusts);
          runInRequest(request.context, () => run(request));
        },
        end: publishFinished,
      },
      handle,
    ),
  );
}

/** Puts a listener for requests in the place of the server's own one, which it is given. */
function listenFirst(server: Server, wrap: (handle: RequestListener) => RequestListener): void {
  const [handle, ...others] = server.listeners('request') as RequestListener[];
  if (!handle || others.length > 0) throw new Error('the server has not one listener for requests');
  server.off('request', handle).on('request', wrap(handle));
}

/** Throws for a route whose whole answers are kept, and which is not open to anybody. */
export function requirePublic(app: INestApplicationContext): void {
  const [discovery, reflector] = [app.get(DiscoveryService, { strict: false }), app.get(Reflector)];
  const scanner = new MetadataScanner();
  for (const { instance, metatype } of discovery.getControllers()) {
    if (!metatype || !instance) continue;
    const prototype = Object.getPrototypeOf(instance) as Record<string, Handler>;
    for (const name of scanner.getAllMethodNames(prototype)) {
      const handler = prototype[name];
      if (!handler || reflector.get(RESPONSE_CACHE, handler) === undefined) continue;
      const roles = reflector.getAllAndOverride<readonly string[] | undefined>(ACCESS, [handler, metatype]);
      if (roles?.length !== 0) throw new Error(`${metatype.name}.${name}: a cached answer is for everybody, so the route must be public`);
    }
  }
}
