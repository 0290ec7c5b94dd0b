import type { FastifyReply, FastifyRequest } from 'fastify';
import { matchesTag } from './entity-tag.js';
import type { ResponsePlan } from './response-plan.js';
import { StoredProblem, StoredResponse } from './stored-response.js';

/** Unless the route says otherwise. */
export const validated = 'public, max-age=0, must-revalidate';

/** Sets status and headers and gives the body: undefined for a 304. Throws the problem that was stored instead of an answer. */
export function writeAnswer(stored: unknown, plan: ResponsePlan, request: FastifyRequest, reply: FastifyReply): Buffer | undefined {
  if (stored instanceof StoredProblem) throw stored.toProblem();
  if (!(stored instanceof StoredResponse)) throw new TypeError('this is no answer');
  const { headers } = request.raw;
  const variant = stored.variantFor(headers['accept-encoding']);
  const others = reply.getHeader('vary') as string | undefined;
  if (others !== undefined) reply.header('vary', `${others}, ${plan.varyHeader}`);
  else if (stored.isCompressed || plan.vary.length > 0) reply.header('vary', plan.varyHeader);
  if (reply.getHeader('cache-control') === undefined) reply.header('cache-control', validated);
  const condition = headers['if-none-match'];
  if (condition !== undefined && matchesTag(condition, variant.etag)) {
    reply.code(304).header('etag', variant.etag);
    return undefined;
  }
  reply.headers(variant.headers);
  return variant.body;
}
