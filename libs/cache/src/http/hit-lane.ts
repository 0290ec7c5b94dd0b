import type { HeaderSink } from '@app/common';
import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction, onRequestHookHandler } from 'fastify';
import { CacheEngine } from '../cache.engine.js';
import type { MemoryEntry } from '../stores/memory.store.js';
import { AnswerHead } from './answer-head.js';
import { hitStatus } from './cache-status.js';
import { matchesTag } from './entity-tag.js';
import { PlanTable } from './plan-table.js';
import type { ResponsePlan } from './response-plan.js';
import { sendable, StoredResponse, type Variant } from './stored-response.js';
import { validated, writeAnswer } from './write-answer.js';

/** What the application adds to the answers of the lane. */
export interface LaneOptions {
  /** Lets a request through, at once or later, or throws what is to be answered instead. What it has to tell the client goes to `head`. */
  readonly admit: (request: FastifyRequest, head: HeaderSink) => true | Promise<true>;
  /** The same on every answer; names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Just before an answer leaves: the last headers. No `onSend` hook hears of it. `bodyBytes` is 0 when it is compressed. */
  readonly complete: (request: FastifyRequest, head: HeaderSink, bodyBytes: number) => void;
}

interface Hit {
  readonly plan: ResponsePlan;
  readonly key: string;
  readonly entry: MemoryEntry & { readonly value: StoredResponse };
  readonly now: number;
}

/**
 * Answers fresh hits of L1 before Nest hears of the request: guards, interceptors and the way of a reply through its hooks cost
 * several times the answer. Optional, in addition to `ResponseCacheInterceptor`, which answers all else. **No guard sees what is answered
 * here**: `admit` stands for those that matter to a route whose answer is the same for everybody.
 */
@Injectable()
export class HitLane {
  constructor(
    private readonly engine: CacheEngine,
    private readonly plans: PlanTable,
  ) {}

  /** For `onRequest`. What it answers, later hooks do not see; where an earlier one has set headers, the answer takes the long way with them. */
  hook(options: LaneOptions): onRequestHookHandler {
    return (request, reply, done) => {
      // Looked for before anybody is admitted: what is no hit is admitted by its guards.
      const hit = this.find(request);
      if (!hit) return done();
      const passage = new Passage(request, reply, done, options);
      try {
        const admitted = options.admit(request, passage.head);
        if (admitted === true) return this.answer(hit, passage);
        admitted.then(() => this.answerLater(passage)).catch((error: unknown) => passage.leave(error));
      } catch (error) {
        passage.leave(error);
      }
    };
  }

  private find(request: FastifyRequest): Hit | undefined {
    const plan = this.plans.known(request);
    const key = plan?.keyOf(request);
    if (!plan || key === undefined) return undefined;
    const { access, store } = this.engine;
    const now = access.clock.monotonic();
    const entry = store.peek(plan.type, key, now);
    return entry && isAnswer(entry) && !access.isDue(entry, now) ? { plan, key, entry, now } : undefined;
  }

  /** What was invalidated while the request waited for its admission is not answered any more. */
  private answerLater(passage: Passage): void {
    const hit = this.find(passage.request);
    if (hit) this.answer(hit, passage);
    else passage.leave();
  }

  private answer({ plan, key, entry, now }: Hit, passage: Passage): void {
    this.engine.access.hit(entry, key);
    passage.head.header('cache-status', hitStatus(this.engine.options.name, now - entry.storedAt, entry.freshUntil - now));
    passage.answer(plan, entry.value);
  }
}

const isAnswer = (entry: MemoryEntry): entry is Hit['entry'] => entry.value instanceof StoredResponse;

/** One request on its way through the lane. */
class Passage {
  readonly head = new AnswerHead();

  // oxlint-disable-next-line max-params -- what a hook is given
  constructor(
    readonly request: FastifyRequest,
    private readonly reply: FastifyReply,
    private readonly done: HookHandlerDoneFunction,
    private readonly options: LaneOptions,
  ) {}

  /** On to the route, or to what answers errors, with what the client has been told so far. */
  leave(error?: unknown): void {
    this.head.copyTo(this.reply);
    if (error === undefined) return this.done();
    this.reply.headers(this.options.headers);
    this.done(error as Error);
  }

  answer(plan: ResponsePlan, stored: StoredResponse): void {
    if (Object.keys(this.reply.getHeaders()).length > 0 || plan.hasLiveHeaders) return this.answerByReply(plan, stored);
    const variant = stored.variantFor(this.request.headers['accept-encoding']);
    const condition = this.request.headers['if-none-match'];
    if (condition !== undefined && matchesTag(condition, variant.etag)) this.answerUnchanged(plan, variant, stored.isCompressed);
    else this.answerWhole(plan, variant, stored.isCompressed);
  }

  private answerWhole(plan: ResponsePlan, variant: Variant, isCompressed: boolean): void {
    const { body, headers } = variant;
    variant.lines ??= linesOf({ ...this.frame(plan, isCompressed), ...headers, 'content-length': String(body.length) });
    this.write(200, variant.lines, variant);
  }

  private answerUnchanged(plan: ResponsePlan, { etag }: Variant, isCompressed: boolean): void {
    this.write(304, linesOf({ ...this.frame(plan, isCompressed), etag }));
  }

  /** The headers that are not the handler's. */
  private frame(plan: ResponsePlan, isCompressed: boolean): Record<string, string> {
    const frame: Record<string, string> = { ...this.options.headers, 'cache-control': validated };
    for (const { name, value } of plan.routeHeaders) if (typeof value === 'string') frame[name.toLowerCase()] = value;
    if (isCompressed || plan.vary.length > 0)
      frame['vary'] = frame['vary'] === undefined ? plan.varyHeader : `${frame['vary']}, ${plan.varyHeader}`;
    return frame;
  }

  private write(status: number, lines: readonly string[], variant?: Variant): void {
    const { reply, request, head } = this;
    const isPlain = variant && variant.headers['content-encoding'] === undefined;
    this.options.complete(request, head, isPlain ? variant.body.length : 0);
    // For whoever asks the reply afterwards; what is sent is written below.
    if (variant) reply.header('content-length', variant.body.length);
    reply.hijack();
    reply.raw.writeHead(status, head.lines.concat(lines));
    if (variant) reply.raw.end(sendable(variant), 'latin1');
    else reply.raw.end();
  }

  private answerByReply(plan: ResponsePlan, stored: StoredResponse): void {
    const { reply, request, head } = this;
    reply.headers(this.options.headers);
    head.copyTo(reply);
    // What `@Header` asks for, which Nest would set.
    for (const { name, value } of plan.routeHeaders) reply.header(name, typeof value === 'string' ? value : value());
    reply.send(writeAnswer(stored, plan, request, reply));
  }
}

const linesOf = (headers: Readonly<Record<string, string>>): string[] => Object.entries(headers).flat();
