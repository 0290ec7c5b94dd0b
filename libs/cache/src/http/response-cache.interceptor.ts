import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { of, type Observable } from 'rxjs';
import { CacheEngine } from '../cache.engine.js';
import { Unkept, type Loader } from '../loading/answer.js';
import type { Request } from '../loading/loading.js';
import { bypassStatus, cacheStatus, hitStatus } from './cache-status.js';
import { rerunHandler, runHandler, type HandlerRun } from './handler-run.js';
import { PlanTable } from './plan-table.js';
import type { ResponsePlan } from './response-plan.js';
import { StoredProblem } from './stored-response.js';
import { writeAnswer } from './write-answer.js';

/**
 * Answers routes with `@ResponseCache` from the cache, after the guards and before pipes and handler. A hit of L1 costs a key, a look-up and the
 * headers: nothing is serialised, compressed or hashed for it. Other routes cost one look-up.
 */
@Injectable()
export class ResponseCacheInterceptor implements NestInterceptor {
  constructor(
    private readonly engine: CacheEngine,
    private readonly plans: PlanTable,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> | Promise<Observable<unknown>> {
    const request = context.getArgByIndex<FastifyRequest>(0);
    const plan = this.plans.planOf(context, request);
    if (plan === null) return next.handle();
    const reply = context.getArgByIndex<FastifyReply>(1);
    const key = plan.keyOf(request);
    if (key === undefined) return this.bypass(reply, next, 'a header is too long for the key');
    const { access } = this.engine;
    const now = access.clock.monotonic();
    const entry = access.peek(plan.type, key, now);
    if (entry === undefined) return this.fetch(key, request, { plan, reply, next });
    if (access.isDue(entry, now)) {
      const run = { plan, reply, next };
      access.refresh(
        requestFor(key, request, plan, () => rerunHandler(run)),
        entry,
        now,
      );
    }
    reply.header('cache-status', hitStatus(this.engine.options.name, now - entry.storedAt, entry.freshUntil - now));
    return of(writeAnswer(entry.value, plan, request, reply));
  }

  private async fetch(key: string, request: FastifyRequest, run: HandlerRun): Promise<Observable<unknown>> {
    const { reply } = run;
    let own: unknown;
    const load = async (isBackground: boolean): Promise<unknown> => (own = await (isBackground ? rerunHandler(run) : runHandler(run)));
    const answer = await this.engine.access.fetch(requestFor(key, request, run.plan, load));
    const { value } = answer;
    if (value instanceof Unkept) {
      // Made for one request: the others that waited for it make theirs.
      if (value !== own) return this.bypass(reply, run.next, value.reason);
      reply.header('cache-status', bypassStatus(this.engine.options.name, value.reason));
      return of(value.value);
    }
    reply.header('cache-status', cacheStatus(this.engine.options.name, answer));
    return of(writeAnswer(value, run.plan, request, reply));
  }

  private bypass(reply: FastifyReply, next: CallHandler, reason: string): Observable<unknown> {
    reply.header('cache-status', bypassStatus(this.engine.options.name, reason));
    return next.handle();
  }
}

function requestFor(key: string, request: FastifyRequest, plan: ResponsePlan, load: Loader): Request {
  const ttlMs = (value: unknown): number => (value instanceof StoredProblem ? plan.type.negativeTtlMs : plan.ttlMs);
  return { address: plan.addressOf(key, request), load, ttlMs };
}
