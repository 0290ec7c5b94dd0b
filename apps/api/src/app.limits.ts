import type { Clock } from '@app/common';
import { RateLimitModule, type LimitRule, type RateLimitOptions } from '@app/rate-limit';
import type { DynamicModule } from '@nestjs/common';
import { RedisClients } from './app.clients.js';
import { CLOCK, CONFIG } from './app.tokens.js';
import { AuthModule } from './auth/auth.module.js';
import { Callers } from './auth/callers.js';
import type { Config } from './config.js';

/** Priorities first, then limits; the last rule that matches and sets a value counts. RATE_LIMITS comes after them. */
export const limitRules: readonly LimitRule[] = [
  { route: '/health*', priority: 0 },
  { route: '/metrics*', priority: 0 },
  { route: '/orders*', priority: 1 },
  { route: '/cart*', priority: 2 },
  { route: '/auth/*', priority: 2 },
  { route: '/users/profile*', priority: 3 },
  { route: '/products/:id', priority: 3 },
  { route: '/products/by-slug/:slug', priority: 3 },
  // Everything else, lists, search and community among it, has 4.
  { route: '/products/import*', priority: 5 },
  { route: '/products/export*', priority: 5 },
  { route: '/users/profile/export', priority: 5 },
  { route: '/profiling*', priority: 5 },
  { route: '/lab*', priority: 5 },

  { route: 'GET /products', limit: 200 },
  { route: 'GET /products/:id', limit: 300 },
  { route: 'POST /products/search', limit: 100 },
  { route: 'POST /auth/login', limit: 10 },
  { route: 'POST /auth/register', limit: 5 },
  { route: 'GET /users/profile', limit: 100 },
  { route: 'POST /orders', limit: 20, queues: true },
  { route: 'GET /orders', limit: 50 },
  { route: 'POST /cart/add', limit: 50 },
  { route: 'GET /cart', limit: 100 },
];

function limitOptions({ rateLimit }: Config, { state }: RedisClients, callers: Callers, clock: Clock): RateLimitOptions {
  const { overrides, ...settings } = rateLimit;
  return { ...settings, rules: [...limitRules, ...overrides], redis: state, userOf: (request) => callers.keyOf(request), clock };
}

/** The limiter, with what it has to know of this application: its routes, its Redis, its users. Global: it is in everybody's way. */
export const limitsModule = (): DynamicModule => ({
  ...RateLimitModule.forRootAsync({
    imports: [AuthModule],
    inject: [CONFIG, RedisClients, Callers, CLOCK],
    useFactory: limitOptions,
  }),
  global: true,
});
