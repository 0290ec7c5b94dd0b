import { Problem } from '@app/common';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { problemBody } from './problem-body.js';

const tooLong = new Problem(404, 'not-found', 'Not found', 'no name or id is that long');
const malformed = new Problem(400, 'malformed-request', 'The request is not valid HTTP', 'its path is not properly encoded');

/** The answer to a path that the router refuses before it looks for a route. */
export function answerUnroutable(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const problem = error.code === 'FST_ERR_MAX_PARAM_LENGTH' ? tooLong : malformed;
  void reply.code(problem.status).type('application/problem+json; charset=utf-8').send(problemBody(problem, request));
}
