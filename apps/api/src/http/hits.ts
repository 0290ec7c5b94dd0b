import { HitLane, RESPONSE_CACHE } from '@app/cache';
import { runInRequest } from '@app/common';
import { RateLimitService } from '@app/rate-limit';
import type { INestApplicationContext } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { Readiness } from '../ops/health/readiness.js';
import { ACCESS } from './access.js';
import { sign } from './request-lifecycle.js';

type Handler = (...args: never[]) => unknown;

/**
 * Answers what the cache has ready before Nest hears of it, within the sender's limits. The other guard looks at tokens, and whoever
 * may read a cached answer needs none; that it is so is looked at here, once. `headers` are those of every answer.
 */
export function answerHits(server: FastifyInstance, app: NestFastifyApplication, headers: Readonly<Record<string, string>>): void {
  requirePublic(app);
  const [limits, readiness] = [app.get(RateLimitService), app.get(Readiness)];
  const hook = app.get(HitLane).hook({
    admit: (request, head) => limits.admitReady(request, head),
    headers,
    complete: (request, head, bodyBytes) => {
      sign(request, head, bodyBytes);
      if (readiness.isDraining) head.header('connection', 'close');
    },
  });
  server.addHook('onRequest', (request, reply, done) => runInRequest(request.context, () => hook.call(server, request, reply, done)));
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
