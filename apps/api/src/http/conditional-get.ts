import { applyDecorators, Header } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { createHash } from 'node:crypto';

const validated = 'public, max-age=0, must-revalidate';

/** A public answer that caches may keep and must ask about each time: it gets an `ETag`, and `If-None-Match` a 304. */
export const ConditionalGet = () =>
  applyDecorators(Header('cache-control', validated), ApiResponse({ status: 304, description: 'Not Modified: as `If-None-Match` has it' }));

/** RFC 9110 section 13.1.2: weak comparison, over the whole list; `*` matches any. */
export function matchesEtag(header: string, etag: string): boolean {
  const opaque = (tag: string): string => tag.trim().replace(/^W\//, '');
  return header.trim() === '*' || header.split(',').some((tag) => opaque(tag) === opaque(etag));
}

/** Adds the validator to a public answer; a match turns it into a 304. The tag is weak: compression may change the bytes. */
export function answerConditionally(request: FastifyRequest, reply: FastifyReply, payload: unknown): unknown {
  // An answer from the cache has its tag, and was compared with the request's, already.
  if (reply.getHeader('cache-control') !== validated || reply.hasHeader('etag')) return payload;
  if (reply.statusCode !== 200 || typeof payload !== 'string') {
    reply.header('cache-control', 'no-store');
    return payload;
  }
  const etag = `W/"${createHash('sha1').update(payload).digest('base64url')}"`;
  reply.header('etag', etag);
  const candidate = request.headers['if-none-match'];
  if (candidate === undefined || !matchesEtag(candidate, etag)) return payload;
  reply.code(304).removeHeader('content-type').removeHeader('content-length');
  return null;
}
