import { Injectable } from '@nestjs/common';
import type { FastifyRequest, onRequestHookHandler } from 'fastify';
import type { RequestListener } from 'node:http';
import { CacheEngine } from '../cache.engine.js';
import type { MemoryEntry } from '../stores/memory.store.js';
import { hitStatus } from './cache-status.js';
import { KnownUrls } from './known-urls.js';
import { EarlyPassage, HookPassage, leftOf, type EarlyOptions, type Hit, type LaneOptions, type Passage } from './lane-passages.js';
import { PlanTable } from './plan-table.js';
import { AnswerMaker } from './ready-answer.js';
import type { ResponsePlan } from './response-plan.js';
import { StoredResponse } from './stored-response.js';

/**
 * Answers fresh hits of L1 before Nest hears of the request: guards, interceptors and the way of a reply through its hooks cost
 * several times the answer. Optional, in addition to `ResponseCacheInterceptor`, which answers all else. **No guard sees what is answered
 * here**: `admit` stands for those that matter to a route whose answer is the same for everybody.
 *
 * There are two places for it. `hook` comes when Fastify has found the route. `early`, which needs the hook as well, comes before
 * Fastify, for the addresses that the hook has answered: their route and key are remembered.
 */
@Injectable()
export class HitLane {
  private readonly urls = new KnownUrls();

  constructor(
    private readonly engine: CacheEngine,
    private readonly plans: PlanTable,
  ) {}

  /** For `onRequest`. What it answers, later hooks do not see; where an earlier one has set headers, the answer takes the long way with them. */
  hook(options: LaneOptions): onRequestHookHandler {
    const maker = new AnswerMaker(options.headers);
    return (request, reply, done) => {
      const left = leftOf(request.raw);
      if (left) return new HookPassage(request, reply, done, options, maker, this.urls).leaveAs(left);
      // Looked for before anybody is admitted: what is no hit is admitted by its guards.
      const hit = this.find(request);
      if (hit) this.pass(hit, new HookPassage(request, reply, done, options, maker, this.urls));
      else done();
    };
  }

  /**
   * A listener for the server's requests in place of `handle`, its own, to which all goes that is no hit of a known address. What was
   * admitted or refused by then goes there too when it cannot be answered here, and the hook goes on with it. Hooks before the hook must not
   * set headers for some requests of an address and none for others: those for which they set none are what is remembered.
   */
  early<Seen>(options: EarlyOptions<Seen>, handle: RequestListener): RequestListener {
    const maker = new AnswerMaker(options.headers);
    return (message, response) => {
      const known = this.urls.of(message.method, message.url);
      const hit = known && this.fresh(known.plan, known.key);
      if (!hit) return handle(message, response);
      options.begin(message, known.routeOptions, (request) =>
        this.pass(hit, new EarlyPassage(request, { message, response, handle }, options, maker)),
      );
    };
  }

  private pass(hit: Hit, passage: Passage): void {
    try {
      const admitted = passage.admit();
      if (admitted === true) this.answer(hit, passage);
      else admitted.then(() => this.answerLater(hit, passage)).catch((error: unknown) => passage.leave(error));
    } catch (error) {
      passage.leave(error);
    }
  }

  /** What was invalidated while the request waited for its admission is not answered any more. */
  private answerLater({ plan, key }: Hit, passage: Passage): void {
    const hit = this.fresh(plan, key);
    if (hit) this.answer(hit, passage);
    else passage.leave();
  }

  private answer(hit: Hit, passage: Passage): void {
    const { key, entry, now } = hit;
    this.engine.access.hit(entry, key);
    passage.head.header('cache-status', hitStatus(this.engine.options.name, now - entry.storedAt, entry.freshUntil - now));
    passage.answer(hit);
  }

  private find(request: FastifyRequest): Hit | undefined {
    const plan = this.plans.known(request);
    const key = plan?.keyOf(request);
    return plan && key !== undefined ? this.fresh(plan, key) : undefined;
  }

  private fresh(plan: ResponsePlan, key: string): Hit | undefined {
    const { access, store } = this.engine;
    const now = access.clock.monotonic();
    const entry = store.peek(plan.type, key, now);
    return entry && isAnswer(entry) && !access.isDue(entry, now) ? { plan, key, entry, now } : undefined;
  }
}

const isAnswer = (entry: MemoryEntry): entry is Hit['entry'] => entry.value instanceof StoredResponse;
