import type { RouteOptions } from '@app/cache';
import type { LimitedRequest } from '@app/rate-limit';
import proxyAddress from '@fastify/proxy-addr';
import type { FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';
import type { Caller } from '../auth/callers.js';
import { contextOf, requestIdOf } from './request-lifecycle.js';
import type { TrustsHop } from './trusted-hops.js';

/** What is read of a request that is answered from the cache, by whomever. */
export type SeenRequest = LimitedRequest & Pick<FastifyRequest, 'caller' | 'context' | 'id'>;

/** A request that Fastify has not heard of, as Fastify would describe it. */
export class EarlyRequest implements SeenRequest {
  caller?: Caller | Promise<Caller>;
  readonly headers;
  readonly id;
  readonly context;

  constructor(
    readonly raw: IncomingMessage,
    readonly routeOptions: RouteOptions,
    private readonly trusts: TrustsHop | undefined,
  ) {
    this.headers = raw.headers;
    this.id = requestIdOf(raw);
    this.context = contextOf(raw, this.id, { method: raw.method ?? '', routeOptions });
  }

  /** Worked out anew each time. */
  get ip(): string {
    return this.trusts ? proxyAddress(this.raw, this.trusts) : (this.raw.socket.remoteAddress ?? '');
  }
}
