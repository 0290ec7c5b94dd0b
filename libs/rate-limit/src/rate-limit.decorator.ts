import { SetMetadata } from '@nestjs/common';
import type { PolicySettings } from './policies/policy.js';
import type { LimitedRequest } from './rate-limit.options.js';

/** A second count of the same requests, such as the account that a log-in names; its limit and window are the route's own. */
export interface SecondKey {
  /** Added to the policy's name: `POST /auth/login account`. */
  readonly name: string;
  /** What to count by; undefined: this request has none. The body is parsed but not validated. The value is hashed before it is kept. */
  readonly of: (request: LimitedRequest) => string | undefined;
}

export interface RouteLimit extends Partial<Omit<PolicySettings, 'isExempt'>> {
  readonly alsoBy?: SecondKey;
}

export const ROUTE_LIMIT = 'rate-limit:route';

/**
 * What `@Throttle` cannot say of a route or a controller: cost, priority, algorithm, queueing, a second key. A handler's decorator wins
 * over its controller's, both over the configured rules; `@Throttle` and `@SkipThrottle` are honoured as well, and win over this one.
 */
export const RateLimit = (limit: RouteLimit) => SetMetadata(ROUTE_LIMIT, limit);
