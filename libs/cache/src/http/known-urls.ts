import type { FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import type { ResponsePlan } from './response-plan.js';

export type RouteOptions = FastifyRequest['routeOptions'];

/** What Fastify and a plan have found out about an address. */
export interface KnownUrl {
  readonly plan: ResponsePlan;
  readonly key: string;
  readonly routeOptions: RouteOptions;
}

const REMEMBERED = 10_000;
/** Anybody can make up addresses of any length. */
const LONGEST = 500;

/** Routes and keys by path and query, as they were sent: of addresses that alone decide about the answer. Some ten megabytes at most. */
export class KnownUrls {
  private readonly urls = new LRUCache<string, KnownUrl>({ max: REMEMBERED });

  of(method: string | undefined, url: string | undefined): KnownUrl | undefined {
    return method === 'GET' && url !== undefined ? this.urls.get(url) : undefined;
  }

  remember({ method, raw: { url }, routeOptions }: FastifyRequest, plan: ResponsePlan, key: string): void {
    if (method !== 'GET' || plan.vary.length > 0 || url === undefined || url.length > LONGEST) return;
    this.urls.set(url, { plan, key, routeOptions });
  }
}
