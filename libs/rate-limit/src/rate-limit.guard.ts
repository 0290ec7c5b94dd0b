import { Injectable, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { InjectThrottlerOptions, InjectThrottlerStorage, ThrottlerGuard, ThrottlerStorage } from '@nestjs/throttler';
import type { ThrottlerModuleOptions } from '@nestjs/throttler';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RateLimitService } from './rate-limit.service.js';

/**
 * Throttler's guard with its work done at start: the base class reads six pieces of metadata and hashes a key per request; here a
 * request costs a look-up of its route's policy and the decision.
 */
@Injectable()
export class RateLimitGuard extends ThrottlerGuard {
  constructor(
    @InjectThrottlerOptions() options: ThrottlerModuleOptions,
    @InjectThrottlerStorage() storage: ThrottlerStorage,
    reflector: Reflector,
    private readonly service: RateLimitService,
  ) {
    super(options, storage, reflector);
  }

  /** Answers without a promise where it can: Nest takes a boolean, only the base class's type does not say so. */
  override canActivate(context: ExecutionContext): Promise<boolean> {
    const [request, reply] = context.getArgs<[FastifyRequest, FastifyReply]>();
    const decided = this.service.admit(request, reply, context);
    return decided as Promise<boolean>;
  }
}
