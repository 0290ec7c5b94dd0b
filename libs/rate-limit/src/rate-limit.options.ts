import type { Clock } from '@app/common';
import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { LoadLevel } from './load/load-level.js';
import type { LoadSource } from './load/process-load.js';
import type { PolicySettings } from './policies/policy.js';
import type { RedisCommands } from './stores/redis.store.js';

/**
 * What a route's policy is to be: `GET /products`, `/orders*` (any method, any path that starts so) or `*`. Parameters may be written
 * `:id` or `{id}`. Of several rules that match, the last one that sets a value counts.
 */
export interface LimitRule extends Partial<PolicySettings> {
  readonly route: string;
}

/** What the limiter reads of a request. Whether it has been decided about is kept with `raw`. */
export type LimitedRequest = Pick<FastifyRequest, 'headers' | 'ip' | 'raw' | 'routeOptions'> & { readonly body?: unknown };

export interface RateLimitOptions {
  /** `off`: every request passes, nothing is measured; `shadow`: what would be refused is counted and let through. */
  readonly mode: 'on' | 'shadow' | 'off';
  readonly rules: readonly LimitRule[];
  /** Requests per window and client of a route that no rule names. Default 100. */
  readonly limit?: number;
  /** Default 60,000. */
  readonly windowMs?: number;
  /** The limits of all replicas. Undefined: each process has its own. */
  readonly redis?: RedisCommands | undefined;
  /** The most decisions in one call of Redis; 1 for a cluster. Default 64. */
  readonly redisBatchSize?: number;
  /** Longest wait for Redis, in milliseconds, before the process decides alone. Default 75. */
  readonly redisDeadlineMs?: number;
  /** Most memory for the counts in this process, roughly, in bytes. Default 64 MiB. */
  readonly memoryBytes?: number;
  /** Addresses and CIDR ranges that are not limited, and those that are refused. A bad entry is an error at start. */
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
  /** Counts each user agent at an address as a client of its own; anyone can make one up, so it is no protection. Default false. */
  readonly byUserAgent?: boolean;
  /** Who a request's credentials prove it to be, as a short key; undefined: nobody, and the address counts. Must not throw. */
  readonly userOf?: (request: LimitedRequest) => string | undefined | Promise<string | undefined>;
  /** Pins the level. Default: measured. */
  readonly loadLevel?: LoadLevel | undefined;
  /** Time between samples (500 or more) and before the level falls, in milliseconds. Defaults 500 and 3000. */
  readonly loadSampleMs?: number;
  readonly loadHoldMs?: number;
  /** Default: this process. */
  readonly loadSource?: LoadSource;
  /** Requests in flight: at the start and at least and most. Defaults 256, 64 and 1024. */
  readonly concurrency?: { readonly initial: number; readonly min: number; readonly max: number };
  /** Requests that queue: most in flight and waiting. Default 256. */
  readonly queueLimit?: number;
  readonly clock?: Clock;
}

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN: RATE_LIMIT_OPTIONS } = new ConfigurableModuleBuilder<RateLimitOptions>()
  .setClassMethodName('forRoot')
  .build();
