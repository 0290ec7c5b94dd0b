import {
  newRequestContext,
  queryFinished,
  requestFinished,
  runInRequest,
  systemClock,
  type HeaderSink,
  type RequestContext,
} from '@app/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { answerConditionally } from './conditional-get.js';
import { isOwnRequest } from './own-requests.js';
import { parseTraceparent } from './traceparent.js';

declare module 'fastify' {
  interface FastifyRequest {
    context: RequestContext;
  }
}

const acceptedRequestId = /^[A-Za-z0-9._-]{1,128}$/;

/** Where a message keeps its context, so that whoever comes to know of it later goes on with the same. */
const CONTEXT = Symbol('request-context');

interface Message {
  readonly headers: IncomingHttpHeaders;
  [CONTEXT]?: RequestContext;
}

/** The client's own id when it is harmless in logs and headers, else a new one. */
export function requestIdOf(message: Message): string {
  const begun = message[CONTEXT];
  if (begun) return begun.requestId;
  const given = message.headers['x-request-id'];
  return typeof given === 'string' && acceptedRequestId.test(given) ? given : randomUUID();
}

/** `Server-Timing` (W3C): the whole request, the database's share with its number of statements, and the cache's. */
export function serverTiming(context: RequestContext, now: number): string {
  const { queryCount, queryMs, cacheMs } = context;
  const statements = `${queryCount} ${queryCount === 1 ? 'query' : 'queries'}`;
  return `total;dur=${tenths(now - context.startedAt)}, db;dur=${tenths(queryMs)};desc="${statements}", cache;dur=${tenths(cacheMs)}`;
}

/** As `toFixed(1)`, at a fraction of its price. */
function tenths(ms: number): string {
  const count = Math.round(ms * 10);
  return `${Math.trunc(count / 10)}.${count % 10}`;
}

/**
 * The names of endpoints (`GET /products/:id`), each made once: a text that is made anew for each request is hashed anew by every table that
 * is asked about it.
 */
class EndpointNames {
  private readonly byRoute = new Map<string, Map<string, string>>();
  private readonly routes = new Map<string, string>();

  of({ method, routeOptions }: Pick<FastifyRequest, 'method' | 'routeOptions'>): string {
    const route = routeOptions.url ?? 'unmatched';
    return this.byRoute.get(route)?.get(method) ?? this.add(method, route);
  }

  /** The template in the name of an endpoint. */
  routeOf(endpoint: string): string {
    return this.routes.get(endpoint) ?? 'unmatched';
  }

  /** Routes are those of the program, and methods those that the parser knows: few. */
  private add(method: string, route: string): string {
    const endpoint = `${method} ${route}`;
    const methods = this.byRoute.get(route) ?? new Map<string, string>();
    this.byRoute.set(route, methods.set(method, endpoint));
    this.routes.set(endpoint, route);
    return endpoint;
  }
}

const names = new EndpointNames();

/** The context of a message, begun if need be. */
export function contextOf(message: Message, id: string, route: Pick<FastifyRequest, 'method' | 'routeOptions'>): RequestContext {
  return (message[CONTEXT] ??= begin(message, id, names.of(route)));
}

function begin({ headers: { traceparent } }: Message, id: string, endpoint: string): RequestContext {
  const context = newRequestContext(id, systemClock.monotonic(), endpoint);
  const parent = traceparent === undefined ? undefined : parseTraceparent(traceparent);
  if (parent) context.traceId = parent.traceId;
  return context;
}

/** 0 where nobody can tell: of streams, and of what is compressed already. */
function bodyBytes(reply: FastifyReply, payload: unknown): number {
  const isWhole = typeof payload === 'string' || Buffer.isBuffer(payload);
  return isWhole && reply.getHeader('content-encoding') === undefined ? payload.length : 0;
}

/** The answer is ready: what every one of them says of its request. */
export function sign({ id, context }: Pick<FastifyRequest, 'id' | 'context'>, head: HeaderSink, size: number): void {
  context.answeredAt = systemClock.monotonic();
  context.bodyBytes = size;
  head.header('x-request-id', id);
  head.header('server-timing', serverTiming(context, context.answeredAt));
}

/** The answer has left. To be called in the request's context. */
export function publishFinished(request: Pick<FastifyRequest, 'context' | 'raw'>, statusCode: number, responseBytes: number): void {
  if (isOwnRequest(request)) return;
  const { context, raw } = request;
  requestFinished.publish({
    request: context,
    method: raw.method ?? '',
    route: names.routeOf(context.endpoint),
    statusCode,
    durationMs: systemClock.monotonic() - context.startedAt,
    responseBytes,
  });
}

/**
 * The outermost part of the request path: context, timing, validators. It wraps everything, so refusals by guards and errors of
 * the framework are timed and numbered like any answer. Body parsing leaves the asynchronous context of the request's start;
 * so the context is entered after it.
 */
export function registerRequestLifecycle(server: FastifyInstance): void {
  server.decorateRequest('context', null as unknown as RequestContext);
  server.addHook('onRequest', (request, _reply, done) => {
    request.context = contextOf(request.raw, request.id, request);
    done();
  });
  server.addHook('preValidation', (request, _reply, done) => runInRequest(request.context, done));
  server.addHook('onSend', (request, reply, payload, done) => {
    sign(request, reply, bodyBytes(reply, payload));
    const answer = answerConditionally(request, reply, payload);
    if (reply.getHeader('cache-control') === undefined) reply.header('cache-control', 'no-store');
    done(null, answer);
  });
  server.addHook('onResponse', (request, reply, done) => {
    runInRequest(request.context, () => publishFinished(request, reply.statusCode, Number(reply.getHeader('content-length') ?? 0)));
    done();
  });
}

/** Adds each statement to the tallies of the request that issued it. Returns the function that stops it. */
export function tallyQueries(): () => void {
  return queryFinished.subscribe(({ request, durationMs }) => {
    if (!request) return;
    request.queryCount += 1;
    request.queryMs += durationMs;
  });
}
