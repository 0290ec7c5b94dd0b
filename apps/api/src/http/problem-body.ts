import type { Problem } from '@app/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';

export const problemSchema = z
  .looseObject({
    type: z.url(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string(),
    request_id: z.string(),
    errors: z.array(z.object({ pointer: z.string(), message: z.string() })).optional(),
  })
  .meta({
    id: 'Problem',
    description: 'RFC 9457. `errors` names each invalid place of the input; some problems add fields of their own.',
    examples: [
      {
        type: 'https://techmart.dev/problems/not-found',
        title: 'Not found',
        status: 404,
        detail: 'there is no product 123456789',
        instance: '/products/123456789',
        request_id: '0198f1c2-7d5a-7000-8000-000000000000',
      },
    ],
  });

/** The wire form of a problem. What a 5xx has to say stays in the log. */
export function problemBody(problem: Problem, request: FastifyRequest): string {
  return JSON.stringify({
    ...problem.extensions,
    type: problem.type,
    title: problem.title,
    status: problem.status,
    detail: problem.status >= 500 ? problem.title : problem.detail,
    instance: request.url.split('?', 1)[0],
    request_id: request.id,
    errors: problem.errors,
  });
}
