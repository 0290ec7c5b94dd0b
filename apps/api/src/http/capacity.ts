import { runInRequest } from '@app/common';
import type { RateLimitService } from '@app/rate-limit';
import type { FastifyInstance } from 'fastify';
import { problemBody } from './problem-body.js';

/** Refuses at once what the process has no room for, before its body is read or its sender looked at. */
export function refuseOverCapacity(server: FastifyInstance, limits: RateLimitService): void {
  server.addHook('onRequest', (request, reply, done) => {
    const problem = runInRequest(request.context, () => limits.overCapacity(request, reply));
    if (!problem) return done();
    reply.code(problem.status).headers(problem.headers).type('application/problem+json; charset=utf-8');
    reply.send(problemBody(problem, request));
  });
}
