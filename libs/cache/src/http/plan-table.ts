import { Injectable, type ExecutionContext } from '@nestjs/common';
import { HEADERS_METADATA } from '@nestjs/common/constants.js';
import type { FastifyRequest } from 'fastify';
import { CacheEngine } from '../cache.engine.js';
import type { TypeTable } from '../type-table.js';
import { RESPONSE_CACHE, type ResponseCacheOptions } from './response-cache.decorator.js';
import { ResponsePlan } from './response-plan.js';

/** The plans of all routes, each made at the first request of its route. A handler with several paths is several routes. */
@Injectable()
export class PlanTable {
  /** By the configuration that Fastify has of the route, which is one object for as long as the server runs; null: not cached. */
  private readonly plans = new Map<object, ResponsePlan | null>();
  private readonly types: TypeTable;

  constructor({ types }: CacheEngine) {
    this.types = types;
  }

  /** The plan of a route that `planOf` has been asked for before; none for any other. One look-up. */
  known(request: FastifyRequest): ResponsePlan | null | undefined {
    return isRead(request) ? this.plans.get(request.routeOptions.config) : null;
  }

  /** Null for a request that is not to be answered from the cache. */
  planOf(context: ExecutionContext, request: FastifyRequest): ResponsePlan | null {
    if (!isRead(request)) return null;
    const { config, url = '' } = request.routeOptions;
    let plan = this.plans.get(config);
    if (plan === undefined) this.plans.set(config, (plan = this.compile(context, url)));
    return plan;
  }

  private compile(context: ExecutionContext, path: string): ResponsePlan | null {
    const handler = context.getHandler();
    const options = Reflect.getMetadata(RESPONSE_CACHE, handler) as ResponseCacheOptions | undefined;
    if (!options) return null;
    const type = options.type === undefined ? this.types.withPrefix('http', { ttl: options.ttl ?? 1 }) : this.types.get(options.type);
    const headers = Reflect.getMetadata(HEADERS_METADATA, handler) as ResponsePlan['routeHeaders'] | undefined;
    return new ResponsePlan({ type, options, headers: headers ?? [], path });
  }
}

const isRead = ({ method }: FastifyRequest): boolean => method === 'GET' || method === 'HEAD';
