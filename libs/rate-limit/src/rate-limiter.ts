import { LineSampler, limitChecked, systemClock, type HeaderSink, type LimitChecked, type Problem } from '@app/common';
import { Logger } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { createHash } from 'node:crypto';
import { writeLoadLevel, writeQuota, writeQuotas, writeUntouched } from './answer-headers.js';
import type { ClientAddresses } from './client-address.js';
import type { Admission } from './concurrency/admission.js';
import { leaseTo } from './concurrency/lease.js';
import { loadLevels } from './load/load-level.js';
import type { LoadMonitor } from './load/load-monitor.js';
import type { RoutePolicy } from './policies/policy-table.js';
import type { Policy } from './policies/policy.js';
import type { LimitedRequest, RateLimitOptions } from './rate-limit.options.js';
import { addressDenied, quotaExceeded } from './rate-limit.problems.js';
import type { Decision, LimitStore } from './stores/store.js';

/** Marks a request that has been decided about. */
const DECIDED = Symbol('rate-limit:decided');

/** One request on its way through. */
interface Passage {
  readonly request: LimitedRequest;
  readonly head: HeaderSink;
  /** What takes a place among the requests in flight, and may be refused for want of one; undefined: nothing does. */
  readonly place: FastifyReply | undefined;
  readonly route: RoutePolicy;
  /** Fixed for the request, so that what it is told agrees with what was decided. */
  readonly level: number;
}

type Result = LimitChecked['result'];

/** The policy and the client of a refusal, where they are not those of the route and of the address. */
interface By {
  readonly policy?: Policy;
  readonly client?: string;
}

export interface RateLimiterParts {
  readonly options: Pick<RateLimitOptions, 'mode' | 'userOf' | 'byUserAgent'>;
  readonly store: LimitStore;
  readonly load: Pick<LoadMonitor, 'level'>;
  readonly admission: Admission;
  readonly addresses: ClientAddresses;
}

/**
 * Decides about a request, in this order: the deny list, the process's capacity, the client's quota, the quota of the second key. It
 * answers at once unless the client's token is being verified, Redis is asked, or a check-out waits for its turn.
 */
export class RateLimiter {
  private readonly logger = new Logger('RateLimit');
  private readonly sampler = new LineSampler();
  private readonly isShadow: boolean;
  readonly isOff: boolean;

  constructor(private readonly parts: RateLimiterParts) {
    this.isShadow = parts.options.mode === 'shadow';
    this.isOff = parts.options.mode === 'off';
  }

  isDecided(request: LimitedRequest): boolean {
    return DECIDED in request.raw;
  }

  /**
   * True, or throws the `Problem` that refuses the request. The answer's headers are set either way. Of a request that has been decided
   * about, nothing is counted again.
   */
  admit(request: LimitedRequest, reply: FastifyReply, route: RoutePolicy): true | Promise<true> {
    return this.decide(request, reply, route, route.policy.holdsPlace ? reply : undefined);
  }

  /** The same for a request whose answer is at hand: it takes no place, and capacity is no reason to refuse it, since a refusal costs more. */
  admitReady(request: LimitedRequest, head: HeaderSink, route: RoutePolicy): true | Promise<true> {
    return this.decide(request, head, route, undefined);
  }

  /**
   * Why no request of this kind can be let in now, whoever sends it; undefined when it is to be asked for its admission. For a look before
   * any work is done: a process sheds load only as long as a refusal costs it far less than an answer.
   */
  overCapacity(request: LimitedRequest, reply: FastifyReply, route: RoutePolicy): Problem | undefined {
    const { policy } = route;
    if (this.isOff || this.isShadow || !policy.holdsPlace || policy.priority === 0) return undefined;
    const passage: Passage = { request, head: reply, place: reply, route, level: this.parts.load.level };
    if (!this.isFullFor(passage) || this.isDenied(request)) return undefined;
    (request.raw as { [DECIDED]?: boolean })[DECIDED] = true;
    writeLoadLevel(reply, passage.level);
    const problem = policy.overCapacityAt(passage.level);
    this.tellRefusal(passage, 'shed', problem);
    return problem;
  }

  // oxlint-disable-next-line max-params -- the request, and how it is let in
  private decide(request: LimitedRequest, head: HeaderSink, route: RoutePolicy, place: FastifyReply | undefined): true | Promise<true> {
    if (this.isOff || this.isDecided(request)) return true;
    const passage: Passage = { request, head, place, route, level: this.parts.load.level };
    (request.raw as { [DECIDED]?: boolean })[DECIDED] = true;
    writeLoadLevel(head, passage.level);
    if (route.policy.priority === 0) return this.pass(passage, 'exempt');
    return this.admitToPlace(passage);
  }

  private admitToPlace(passage: Passage): true | Promise<true> {
    const { options, addresses } = this.parts;
    const { policy } = passage.route;
    const standing = addresses.hasLists ? addresses.ofRequest(passage.request).standing : 'plain';
    if (standing === 'denied') this.refuse(passage, 'denied', addressDenied());
    if (this.isFullFor(passage)) this.shed(passage);
    if (policy.isExempt || standing === 'allowed') return this.enter(passage, 'exempt');
    const user = options.userOf?.(passage.request);
    return user instanceof Promise ? user.then((known) => this.count(passage, known)) : this.count(passage, user);
  }

  private count(passage: Passage, user: string | undefined): true | Promise<true> {
    const client = user ?? this.clientOf(passage.request);
    const { policy } = passage.route;
    const decision = this.take(policy, client, passage.level);
    return decision instanceof Promise
      ? decision.then((answer) => this.counted(passage, client, answer))
      : this.counted(passage, client, decision);
  }

  private take(policy: Policy, client: string, level: number): Decision | Promise<Decision> {
    return this.parts.store.take({ meter: policy, client, limit: policy.quotaAt(level).limit, cost: policy.cost });
  }

  private counted(passage: Passage, client: string, decision: Decision): true | Promise<true> {
    const { head, route, level } = passage;
    writeQuota(head, route.policy, level, decision);
    if (!decision.isAllowed) this.limited(passage, route.policy, { client, waitMs: decision.waitMs });
    const key = route.second?.of(passage.request);
    return route.second && key !== undefined
      ? this.countSecond(passage, route.second.policy, { key, first: decision })
      : this.enter(passage, 'allowed');
  }

  private async countSecond(passage: Passage, policy: Policy, { key, first }: { key: string; first: Decision }): Promise<true> {
    const { head, route, level } = passage;
    const client = createHash('sha256').update(key).digest('base64url').slice(0, 22);
    const decision = await this.take(policy, client, level);
    writeQuotas(head, level, [
      { policy: route.policy, decision: first },
      { policy, decision },
    ]);
    if (!decision.isAllowed) this.limited(passage, policy, { client, waitMs: decision.waitMs });
    return this.enter(passage, 'allowed');
  }

  /** Takes a place, waits for one, or is refused one after all: others may have come while the client was being counted. */
  private enter(passage: Passage, result: 'allowed' | 'exempt'): true | Promise<true> {
    const { place, route } = passage;
    const { policy } = route;
    if (!place) return this.pass(passage, result);
    if (!this.isShadow && this.isFullFor(passage)) this.shed(passage);
    const { admission } = this.parts;
    if (policy.queues && !this.isShadow && !admission.hasRoom(policy.priority, passage.level))
      return this.enterInTurn(passage, place, result);
    admission.enter(policy);
    leaseTo(place, admission, policy, policy.index);
    return this.pass(passage, result);
  }

  private isFullFor({ route: { policy }, level, place }: Passage): boolean {
    const { admission } = this.parts;
    if (!place || admission.hasRoom(policy.priority, level)) return false;
    return !policy.queues || admission.isQueueFull();
  }

  private async enterInTurn(passage: Passage, place: FastifyReply, result: 'allowed' | 'exempt'): Promise<true> {
    const { policy } = passage.route;
    const isIn = await this.parts.admission.wait(() => place.raw.destroyed);
    if (isIn) leaseTo(place, this.parts.admission, policy, policy.index);
    return this.pass(passage, result);
  }

  private clientOf(request: LimitedRequest): string {
    const { client } = this.parts.addresses.ofRequest(request);
    if (!this.parts.options.byUserAgent) return client;
    const agent = createHash('sha256')
      .update(request.headers['user-agent'] ?? '')
      .digest('base64url');
    return `${client} ${agent.slice(0, 11)}`;
  }

  private pass(passage: Passage, result: 'allowed' | 'exempt'): true {
    if (result === 'exempt') writeUntouched(passage.head, passage.route.policy, passage.level);
    this.tell(passage, passage.route.policy, result);
    return true;
  }

  private limited(passage: Passage, policy: Policy, { client, waitMs }: { client: string; waitMs: number }): void {
    this.refuse(passage, 'limited', quotaExceeded(policy, passage.level, waitMs), { policy, client });
  }

  private shed(passage: Passage): void {
    this.refuse(passage, 'shed', passage.route.policy.overCapacityAt(passage.level));
  }

  private isDenied(request: LimitedRequest): boolean {
    const { addresses } = this.parts;
    return addresses.hasLists && addresses.ofRequest(request).standing === 'denied';
  }

  /** Throws; in shadow mode it only counts and tells. */
  // oxlint-disable-next-line max-params -- who, by what, and why
  private refuse(passage: Passage, result: Result, problem: Problem, by: By = {}): void {
    this.tellRefusal(passage, result, problem, by);
    if (!this.isShadow) throw problem;
  }

  /** In a flood of refusals a tenth of them is written down; all are counted. */
  // oxlint-disable-next-line max-params -- who, by what, and why
  private tellRefusal(passage: Passage, result: Result, problem: Problem, by: By = {}): void {
    const policy = by.policy ?? passage.route.policy;
    this.tell(passage, policy, result);
    const share = this.sampler.shareOf(systemClock.monotonic());
    if (share === 0) return;
    const { limit } = policy.quotaAt(passage.level);
    const client = by.client ?? this.parts.addresses.ofRequest(passage.request).client;
    const facts = { policy: policy.name, client, quota: limit, load_level: loadLevels[passage.level], ...problem.extensions };
    const sampled = share === 1 ? {} : { sampled: share };
    this.logger.warn({ result, ...facts, ...sampled }, this.isShadow ? `would be refused: ${result}` : `refused: ${result}`);
  }

  private tell({ level }: Passage, policy: Policy, result: Result): void {
    const isShadowed = this.isShadow && result !== 'allowed' && result !== 'exempt';
    policy.counts[isShadowed ? 'shadowed' : result] += 1;
    if (!limitChecked.hasListeners) return;
    limitChecked.publish({ policy: policy.name, result, isShadowed, loadLevel: loadLevels[level] ?? 'low' });
  }
}
