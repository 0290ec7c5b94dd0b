import { Injectable, type ExecutionContext } from '@nestjs/common';
import { HEADERS_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import type { FastifyRequest } from 'fastify';
import { CacheEngine } from '../cache.engine.js';
import type { TypeTable } from '../type-table.js';
import { RESPONSE_CACHE, type ResponseCacheOptions } from './response-cache.decorator.js';
import { ResponsePlan } from './response-plan.js';

type Handler = ReturnType<ExecutionContext['getHandler']>;
type Class = ReturnType<ExecutionContext['getClass']>;

/** Of a handler with several paths there is a plan for each. */
type Planned = ResponsePlan | Map<string, ResponsePlan> | null;

/** The plans of all routes, each made at the first request of its route. A handler may be inherited, so its class tells it apart. */
@Injectable()
export class PlanTable {
  private readonly plans = new Map<Class, Map<Handler, Planned>>();
  private readonly types: TypeTable;

  constructor({ types }: CacheEngine) {
    this.types = types;
  }

  /** Null for a request that is not to be answered from the cache. */
  planOf(context: ExecutionContext, request: FastifyRequest): ResponsePlan | null {
    if (request.method !== 'GET' && request.method !== 'HEAD') return null;
    const ofClass = this.plans.get(context.getClass()) ?? this.addClass(context.getClass());
    let plan = ofClass.get(context.getHandler());
    if (plan === undefined) {
      plan = this.prepare(context, request);
      ofClass.set(context.getHandler(), plan);
    }
    return plan instanceof Map ? this.planOfPath(plan, context, request) : plan;
  }

  private addClass(type: Class): Map<Handler, Planned> {
    const handlers = new Map<Handler, Planned>();
    this.plans.set(type, handlers);
    return handlers;
  }

  private prepare(context: ExecutionContext, request: FastifyRequest): Planned {
    const options = optionsOf(context);
    if (!options) return null;
    const paths: unknown[] = [context.getClass(), context.getHandler()].map((target) => Reflect.getMetadata(PATH_METADATA, target));
    return paths.some((path) => Array.isArray(path) && path.length > 1) ? new Map() : this.compile(options, context, request);
  }

  private planOfPath(plans: Map<string, ResponsePlan>, context: ExecutionContext, request: FastifyRequest): ResponsePlan | null {
    const path = request.routeOptions.url ?? '';
    const options = optionsOf(context);
    let plan = plans.get(path);
    if (!plan && options) plans.set(path, (plan = this.compile(options, context, request)));
    return plan ?? null;
  }

  private compile(options: ResponseCacheOptions, context: ExecutionContext, request: FastifyRequest): ResponsePlan {
    const type = options.type === undefined ? this.types.withPrefix('http', { ttl: options.ttl ?? 1 }) : this.types.get(options.type);
    const headers = Reflect.getMetadata(HEADERS_METADATA, context.getHandler()) as ResponsePlan['routeHeaders'] | undefined;
    return new ResponsePlan({ type, options, headers: headers ?? [], path: request.routeOptions.url ?? '' });
  }
}

const optionsOf = (context: ExecutionContext): ResponseCacheOptions | undefined =>
  Reflect.getMetadata(RESPONSE_CACHE, context.getHandler()) as ResponseCacheOptions | undefined;
