import { Inject, Injectable, RequestMethod, type OnModuleInit, type Type } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { THROTTLER_LIMIT, THROTTLER_SKIP, THROTTLER_TTL } from '@nestjs/throttler/dist/throttler.constants.js';
import { Policy, type PolicySettings } from './policy.js';
import { ROUTE_LIMIT, type RouteLimit, type SecondKey } from '../rate-limit.decorator.js';
import { RATE_LIMIT_OPTIONS, type LimitedRequest, type LimitRule, type RateLimitOptions } from '../rate-limit.options.js';

/** A route's policy, and the one by which its requests are counted a second time. */
export interface RoutePolicy {
  readonly policy: Policy;
  readonly second?: { readonly policy: Policy; readonly of: SecondKey['of'] } | undefined;
}

type Handler = (...args: never[]) => unknown;

/** Every route's policy, worked out once at start; a request costs two look-ups. A rule for one route that does not exist is an error at start. */
@Injectable()
export class PolicyTable implements OnModuleInit {
  private readonly byHandler = new Map<unknown, Map<unknown, RoutePolicy>>();
  private readonly byName = new Map<string, RoutePolicy>();
  /** By the configuration that Fastify has of the route: of those that were asked for by `ofRequest`. */
  private readonly byRoute = new WeakMap<object, RoutePolicy>();
  private readonly rules: readonly LimitRule[];
  private readonly policies: Policy[] = [];
  /** For what is no route: paths that nobody serves, and what is served beside the routes. */
  private readonly unmatched: RoutePolicy;

  constructor(
    @Inject(RATE_LIMIT_OPTIONS) private readonly options: RateLimitOptions,
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
  ) {
    this.rules = options.rules.map((rule) => ({ ...rule, route: canonical(rule.route) }));
    this.unmatched = { policy: this.create('unmatched', this.settingsOf('unmatched', {})) };
  }

  onModuleInit(): void {
    for (const { metatype, instance } of this.discovery.getControllers()) {
      if (metatype && instance) this.addController(metatype as Type, Object.getPrototypeOf(instance) as Record<string, Handler>);
    }
    const names = [...this.byName.keys(), 'unmatched'];
    const unused = this.rules.filter(({ route }) => !route.endsWith('*') && !names.some((name) => matches(route, name)));
    if (unused.length > 0) throw new Error(`limits for routes that do not exist: ${unused.map(({ route }) => route).join(', ')}`);
  }

  get all(): readonly Policy[] {
    return this.policies;
  }

  of(controller: unknown, handler: unknown): RoutePolicy {
    return this.byHandler.get(controller)?.get(handler) ?? this.unmatched;
  }

  /** For answers that are given before or beside the guards. A HEAD is its GET. */
  ofRequest({ routeOptions }: Pick<LimitedRequest, 'routeOptions'>): RoutePolicy {
    const { method, url, config } = routeOptions;
    const known = this.byRoute.get(config);
    if (known) return known;
    const found = this.byName.get(`${method === 'HEAD' ? 'GET' : String(method ?? '')} ${url ?? ''}`) ?? this.unmatched;
    this.byRoute.set(config, found);
    return found;
  }

  private addController(controller: Type, prototype: Record<string, Handler>): void {
    const handlers = new Map<unknown, RoutePolicy>();
    for (const key of this.scanner.getAllMethodNames(prototype)) {
      const handler = prototype[key];
      const method = handler && (Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined);
      if (handler && method !== undefined) handlers.set(handler, this.addRoute(controller, handler, RequestMethod[method]));
    }
    this.byHandler.set(controller, handlers);
  }

  private addRoute(controller: Type, handler: Handler, method: string): RoutePolicy {
    const base = firstOf(Reflect.getMetadata(PATH_METADATA, controller));
    const name = `${method} ${joined(base, firstOf(Reflect.getMetadata(PATH_METADATA, handler)))}`;
    const own = { ...this.reflector.get<RouteLimit | undefined>(ROUTE_LIMIT, controller), ...this.reflector.get(ROUTE_LIMIT, handler) };
    const { alsoBy, ...decorated }: RouteLimit = own;
    const settings = this.settingsOf(name, { ...decorated, ...this.throttled(controller, handler, name) });
    const policy = this.create(name, settings);
    const second = alsoBy && { policy: this.create(`${name} ${alsoBy.name}`, settings), of: alsoBy.of };
    const route: RoutePolicy = { policy, second };
    this.byName.set(name, route);
    return route;
  }

  private settingsOf(name: string, decorated: Partial<PolicySettings>): PolicySettings {
    const { limit = 100, windowMs = 60_000 } = this.options;
    const defaults = { cost: 1, priority: 4, algorithm: 'sliding-log', queues: false, holdsPlace: true, isExempt: false } as const;
    const ruled = this.rules.filter(({ route }) => matches(route, name)).map(({ route: _, ...settings }) => settings);
    return Object.assign({ limit, windowMs, ...defaults }, ...ruled, decorated) as PolicySettings;
  }

  /** What Throttler's own decorators say. */
  private throttled(controller: Type, handler: Handler, name: string): Partial<PolicySettings> {
    const get = (key: string): unknown => this.reflector.getAllAndOverride(`${key}default`, [handler, controller]);
    const [limit, windowMs] = [get(THROTTLER_LIMIT), get(THROTTLER_TTL)];
    if ([limit, windowMs].some((value) => value !== undefined && typeof value !== 'number'))
      throw new TypeError(`@Throttle of ${name}: limit and ttl are numbers here; they are worked out once, not per request`);
    return {
      ...(typeof limit === 'number' ? { limit } : {}),
      ...(typeof windowMs === 'number' ? { windowMs } : {}),
      ...(get(THROTTLER_SKIP) === true ? { isExempt: true } : {}),
    };
  }

  private create(name: string, settings: PolicySettings): Policy {
    if (!isCount(settings.limit) || !isCount(settings.cost) || !(settings.windowMs > 0))
      throw new RangeError(`${name}: limit and cost are whole numbers from 1, the window is longer than 0 ms`);
    const policy = new Policy(name, this.policies.length, settings);
    this.policies.push(policy);
    return policy;
  }
}

const isCount = (value: number): boolean => Number.isInteger(value) && value >= 1;

const firstOf = (path: unknown): string => String((Array.isArray(path) ? path[0] : path) ?? '');

const joined = (...parts: readonly string[]): string =>
  `/${parts
    .flatMap((part) => part.split('/'))
    .filter(Boolean)
    .join('/')}`;

const canonical = (route: string): string => route.trim().replaceAll(/\{(\w+)\}/g, ':$1');

/** `name` is `GET /products/:id`; a rule without a method is for all of them. */
function matches(rule: string, name: string): boolean {
  const text = rule.startsWith('/') ? name.slice(name.indexOf(' ') + 1) : name;
  return rule.endsWith('*') ? text.startsWith(rule.slice(0, -1)) : text === rule;
}
