import type { HeaderSink } from '@app/common';
import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { MemoryEntry } from '../stores/memory.store.js';
import { AnswerHead } from './answer-head.js';
import type { KnownUrls, RouteOptions } from './known-urls.js';
import { plainBytes, writeReady, type AnswerMaker } from './ready-answer.js';
import type { ResponsePlan } from './response-plan.js';
import type { StoredResponse } from './stored-response.js';
import { writeAnswer } from './write-answer.js';

/** What the application adds to the answers of the lane. `Seen` is what it reads of a request. */
export interface LaneOptions<Seen = FastifyRequest> {
  /** Lets a request through, at once or later, or throws what is to be answered instead. What it has to tell the client goes to `head`. */
  readonly admit: (request: Seen, head: HeaderSink) => true | Promise<true>;
  /** The same on every answer; names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Just before an answer leaves: the last headers. No `onSend` hook hears of it. `bodyBytes` is 0 when it is compressed. */
  readonly complete: (request: Seen, head: HeaderSink, bodyBytes: number) => void;
}

/** What it does besides for a request that Fastify does not hear of. */
export interface EarlyOptions<Seen> extends LaneOptions<Seen> {
  /** Makes a request of a message for a route that Fastify has found before, and calls `run` with it, at once. */
  readonly begin: (message: IncomingMessage, routeOptions: RouteOptions, run: (request: Seen) => void) => void;
  /** The answer is with the operating system; no `onResponse` hook hears of it. `bodyBytes` as sent. */
  readonly end: (request: Seen, status: number, bodyBytes: number) => void;
}

export interface Hit {
  readonly plan: ResponsePlan;
  readonly key: string;
  readonly entry: MemoryEntry & { readonly value: StoredResponse };
  readonly now: number;
}

/** One request on its way through the lane. What its client is told in any case is in `head`. */
export interface Passage {
  readonly head: AnswerHead;
  admit(): true | Promise<true>;
  answer(hit: Hit): void;
  /** On to the route, or to what answers errors. */
  leave(error?: unknown): void;
}

/** How far a message had come when it went on to Fastify. */
interface Left {
  readonly head: AnswerHead;
  readonly error: unknown;
}

const LEFT = Symbol('hit-lane:left');

export const leftOf = (message: IncomingMessage & { [LEFT]?: Left }): Left | undefined => message[LEFT];

/** Of a request that Fastify has found the route of. */
export class HookPassage implements Passage {
  readonly head = new AnswerHead();

  // oxlint-disable-next-line max-params -- what a hook is given
  constructor(
    private readonly request: FastifyRequest,
    private readonly reply: FastifyReply,
    private readonly done: HookHandlerDoneFunction,
    private readonly options: LaneOptions,
    private readonly maker: AnswerMaker,
    private readonly urls: KnownUrls,
  ) {}

  admit(): true | Promise<true> {
    return this.options.admit(this.request, this.head);
  }

  answer({ plan, key, entry }: Hit): void {
    const { request, reply, head, options } = this;
    if (plan.hasLiveHeaders || Object.keys(reply.getHeaders()).length > 0) return this.answerByReply(plan, entry.value);
    this.urls.remember(request, plan, key);
    const ready = this.maker.make(entry.value, plan, request.headers);
    options.complete(request, head, plainBytes(ready));
    // For whoever asks the reply afterwards; what is sent is written below.
    if (ready.variant) reply.header('content-length', ready.variant.body.length);
    reply.hijack();
    writeReady(reply.raw, ready, head);
  }

  leave(error?: unknown): void {
    this.leaveAs({ head: this.head, error });
  }

  leaveAs({ head, error }: Left): void {
    head.copyTo(this.reply);
    if (error === undefined) return this.done();
    this.reply.headers(this.options.headers);
    this.done(error as Error);
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

export interface Exchange {
  readonly message: IncomingMessage & { [LEFT]?: Left };
  readonly response: ServerResponse;
  readonly handle: RequestListener;
}

/** Of a request that Fastify has not heard of, and hears of only when it leaves. */
export class EarlyPassage<Seen> implements Passage {
  readonly head = new AnswerHead();

  // oxlint-disable-next-line max-params -- no object is made for them in the hottest path
  constructor(
    private readonly request: Seen,
    private readonly exchange: Exchange,
    private readonly options: EarlyOptions<Seen>,
    private readonly maker: AnswerMaker,
  ) {}

  admit(): true | Promise<true> {
    return this.options.admit(this.request, this.head);
  }

  answer({ plan, entry }: Hit): void {
    const { request, head, options } = this;
    const { message, response } = this.exchange;
    const ready = this.maker.make(entry.value, plan, message.headers);
    options.complete(request, head, plainBytes(ready));
    writeReady(response, ready, head);
    options.end(request, ready.status, ready.variant?.body.length ?? 0);
  }

  leave(error?: unknown): void {
    const { message, response, handle } = this.exchange;
    // An error after its answer has begun: there is nobody left to tell.
    if (response.headersSent) return void response.destroy();
    message[LEFT] = { head: this.head, error };
    handle(message, response);
  }
}
