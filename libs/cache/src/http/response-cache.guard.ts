import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CacheEngine } from '../cache.engine.js';
import { hitStatus } from './cache-status.js';
import { PlanTable } from './plan-table.js';
import { StoredResponse } from './stored-response.js';
import { writeAnswer } from './write-answer.js';

/**
 * Answers fresh hits of L1 as the last of the guards, past all interceptors, whose machinery costs more than the answer. Optional,
 * in addition to `ResponseCacheInterceptor`, which does the rest; no interceptor sees what it answers.
 */
@Injectable()
export class ResponseCacheGuard implements CanActivate {
  constructor(
    private readonly engine: CacheEngine,
    private readonly plans: PlanTable,
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const request = context.getArgByIndex<FastifyRequest>(0);
    const plan = this.plans.planOf(context, request);
    const key = plan?.keyOf(request);
    if (!plan || key === undefined) return true;
    const { access, store } = this.engine;
    const now = access.clock.monotonic();
    const entry = store.peek(plan.type, key, now);
    if (!entry || access.isDue(entry, now) || !(entry.value instanceof StoredResponse)) return true;
    access.hit(entry, key);
    const reply = context.getArgByIndex<FastifyReply>(1);
    // What `@Header` asks for, which Nest would set behind the guards.
    for (const { name, value } of plan.routeHeaders) reply.header(name, typeof value === 'string' ? value : value());
    reply.header('cache-status', hitStatus(this.engine.options.name, now - entry.storedAt, entry.freshUntil - now));
    reply.send(writeAnswer(entry.value, plan, request, reply));
    // The request ends here. Nest waits for its guards, so it is left waiting; nothing else holds on to this promise.
    return new Promise<boolean>(() => undefined);
  }
}
