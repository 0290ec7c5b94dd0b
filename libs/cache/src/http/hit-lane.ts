import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { CacheEngine } from '../cache.engine.js';
import type { MemoryEntry } from '../stores/memory.store.js';
import { hitStatus } from './cache-status.js';
import { PlanTable } from './plan-table.js';
import type { ResponsePlan } from './response-plan.js';
import { StoredResponse } from './stored-response.js';
import { writeAnswer } from './write-answer.js';

/** Lets a request through, at once or later, or throws what is to be answered instead. */
export type Admit = (request: FastifyRequest, reply: FastifyReply) => true | Promise<true>;

interface Hit {
  readonly plan: ResponsePlan;
  readonly key: string;
  readonly entry: MemoryEntry;
  readonly now: number;
}

/**
 * Answers fresh hits of L1 before Nest hears of the request: its guards and interceptors cost several times the answer. Optional, in
 * addition to `ResponseCacheInterceptor`, which answers all else. **No guard sees what is answered here**: `admit` stands for
 * those that matter to a route whose answer is the same for everybody.
 */
@Injectable()
export class HitLane {
  constructor(
    private readonly engine: CacheEngine,
    private readonly plans: PlanTable,
  ) {}

  /** Hooks that are to run before it, and what they set, must have been added to `server` already. */
  open(server: FastifyInstance, admit: Admit): void {
    server.addHook('onRequest', (request, reply, done) => {
      // Looked for before anybody is admitted: what is no hit is admitted by its guards.
      const hit = this.find(request);
      if (!hit) return done();
      try {
        const admitted = admit(request, reply);
        if (admitted === true) this.answer(hit, request, reply);
        else void admitted.then(() => this.answerLater(request, reply, done), done); // oxlint-disable-line promise/no-callback-in-promise -- Fastify's hooks take callbacks
      } catch (error) {
        done(error as Error);
      }
    });
  }

  /** What was invalidated while the request waited for its admission is not answered any more. */
  private answerLater(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
    const hit = this.find(request);
    if (hit) this.answer(hit, request, reply);
    else done();
  }

  private find(request: FastifyRequest): Hit | undefined {
    const plan = this.plans.known(request);
    const key = plan?.keyOf(request);
    if (!plan || key === undefined) return undefined;
    const { access, store } = this.engine;
    const now = access.clock.monotonic();
    const entry = store.peek(plan.type, key, now);
    return entry && entry.value instanceof StoredResponse && !access.isDue(entry, now) ? { plan, key, entry, now } : undefined;
  }

  private answer({ plan, key, entry, now }: Hit, request: FastifyRequest, reply: FastifyReply): void {
    this.engine.access.hit(entry, key);
    // What `@Header` asks for, which Nest would set.
    for (const { name, value } of plan.routeHeaders) reply.header(name, typeof value === 'string' ? value : value());
    reply.header('cache-status', hitStatus(this.engine.options.name, now - entry.storedAt, entry.freshUntil - now));
    reply.send(writeAnswer(entry.value, plan, request, reply));
  }
}
