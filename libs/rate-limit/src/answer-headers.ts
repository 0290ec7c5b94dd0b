import type { FastifyReply } from 'fastify';
import { loadLevels } from './load/load-level.js';
import type { Policy } from './policies/policy.js';
import type { Decision } from './stores/store.js';

/** One policy's verdict on a request, for the answer to tell. */
export interface Verdict {
  readonly policy: Policy;
  readonly decision: Decision;
}

export function writeLoadLevel(reply: FastifyReply, level: number): void {
  reply.header('x-system-load', loadLevels[level]);
}

/**
 * The older family and the IETF fields (draft-ietf-httpapi-ratelimit-headers-10): the quota is the one in force, and the time is when
 * the next unit comes back, which is also when a refused client may return.
 */
// oxlint-disable-next-line max-params -- no object is made for it in the hottest path
export function writeQuota(reply: FastifyReply, policy: Policy, level: number, decision: Decision): void {
  const { limit, field } = policy.quotaAt(level);
  reply.header('x-ratelimit-limit', limit);
  reply.header('x-ratelimit-remaining', decision.remaining);
  reply.header('x-ratelimit-reset', Math.ceil((Date.now() + decision.waitMs) / 1000));
  reply.header('ratelimit', member(policy, decision));
  reply.header('ratelimit-policy', field);
}

/** Of two policies the fields name both; the older family, which knows one, tells the tighter. */
export function writeQuotas(reply: FastifyReply, level: number, [first, second]: readonly [Verdict, Verdict]): void {
  const tighter = second.decision.remaining < first.decision.remaining || !second.decision.isAllowed ? second : first;
  writeQuota(reply, tighter.policy, level, tighter.decision);
  reply.header('ratelimit', `${member(first.policy, first.decision)}, ${member(second.policy, second.decision)}`);
  reply.header('ratelimit-policy', `${first.policy.quotaAt(level).field}, ${second.policy.quotaAt(level).field}`);
}

/** A quota that nothing is taken from. */
export function writeUntouched(reply: FastifyReply, policy: Policy, level: number): void {
  writeQuota(reply, policy, level, { isAllowed: true, remaining: policy.quotaAt(level).limit, waitMs: 0 });
}

const member = (policy: Policy, { remaining, waitMs }: Decision): string =>
  `${policy.memberStart}${remaining};t=${Math.ceil(waitMs / 1000)}`;
