import { Problem } from '@app/common';
import type { RateLimitService } from '@app/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { problemBody } from './problem-body.js';

/**
 * Limits what no guard has seen, at the moment of its answer: paths that nobody serves, bodies that cannot be read, the documentation.
 * All of it is cheap to make, so it is enough that its sender is counted and, over the limit, told so. A preflight asks on
 * behalf of a request that will be counted itself.
 */
export function limitUnguarded(server: FastifyInstance, limits: RateLimitService): void {
  server.addHook('onSend', (request, reply, payload, done) => {
    const refuse = (error: unknown): void => {
      if (error instanceof Problem) done(null, refusal(request, reply, { problem: error, payload }));
      else done(error as Error);
    };
    try {
      const admitted = request.method === 'OPTIONS' ? true : limits.admitUnguarded(request, reply);
      if (admitted === true) done(null, payload);
      else void admitted.then(() => done(null, payload), refuse); // oxlint-disable-line promise/no-callback-in-promise -- Fastify's hooks take callbacks
    } catch (error) {
      refuse(error);
    }
  });
}

function refusal(request: FastifyRequest, reply: FastifyReply, { problem, payload }: { problem: Problem; payload: unknown }): string {
  if (typeof payload === 'object' && payload !== null && 'destroy' in payload) (payload as { destroy: () => void }).destroy();
  for (const header of ['content-length', 'content-encoding', 'etag', 'last-modified', 'allow']) reply.removeHeader(header);
  reply.code(problem.status).headers(problem.headers).type('application/problem+json; charset=utf-8');
  return problemBody(problem, request);
}
