import { Problem } from '@app/common';
import type { FastifyInstance } from 'fastify';
import createRouter from 'find-my-way';

const known = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/**
 * Fastify answers 404 for a path that exists under other methods; RFC 9110 section 15.5.6 wants 405 with `Allow`. Collects the
 * routes as they are registered and answers which methods a path has. Costs nothing until a request finds no route.
 */
export function collectAllowedMethods(server: FastifyInstance): (path: string) => string[] {
  const router = createRouter();
  server.addHook('onRoute', (route) => {
    for (const method of known) {
      if ([route.method].flat().includes(method) && !router.hasRoute(method, route.url)) router.on(method, route.url, () => undefined);
    }
  });
  return (path) => known.filter((method) => router.find(method, path) !== null);
}

export const methodNotAllowed = (method: string, allowed: readonly string[]): Problem =>
  new Problem(405, 'method-not-allowed', 'Method not allowed', `${method} is not possible here`, {
    headers: { allow: allowed.join(', ') },
  });
