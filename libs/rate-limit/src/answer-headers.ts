import type { HeaderSink } from '@app/common';
import { loadLevels } from './load/load-level.js';
import type { Policy } from './policies/policy.js';
import type { Decision } from './stores/store.js';

/** One policy's verdict on a request, for the answer to tell. */
export interface Verdict {
  readonly policy: Policy;
  readonly decision: Decision;
}

export function writeLoadLevel(head: HeaderSink, level: number): void {
  head.header('x-system-load', loadLevels[level] ?? 'low');
}

/**
 * The older family and the IETF fields (draft-ietf-httpapi-ratelimit-headers-10): the quota is the one in force, and the time is when
 * the next unit comes back, which is also when a refused client may return.
 */
// oxlint-disable-next-line max-params -- no object is made for it in the hottest path
export function writeQuota(head: HeaderSink, policy: Policy, level: number, decision: Decision): void {
  const { limit, field } = policy.quotaAt(level);
  head.header('x-ratelimit-limit', limit);
  head.header('x-ratelimit-remaining', decision.remaining);
  head.header('x-ratelimit-reset', Math.ceil((Date.now() + decision.waitMs) / 1000));
  head.header('ratelimit', member(policy, decision));
  head.header('ratelimit-policy', field);
}

/** Of two policies the fields name both; the older family, which knows one, tells the tighter. */
export function writeQuotas(head: HeaderSink, level: number, [first, second]: readonly [Verdict, Verdict]): void {
  const tighter = second.decision.remaining < first.decision.remaining || !second.decision.isAllowed ? second : first;
  writeQuota(head, tighter.policy, level, tighter.decision);
  head.header('ratelimit', `${member(first.policy, first.decision)}, ${member(second.policy, second.decision)}`);
  head.header('ratelimit-policy', `${first.policy.quotaAt(level).field}, ${second.policy.quotaAt(level).field}`);
}

/** A quota that nothing is taken from. */
export function writeUntouched(head: HeaderSink, policy: Policy, level: number): void {
  writeQuota(head, policy, level, { isAllowed: true, remaining: policy.quotaAt(level).limit, waitMs: 0 });
}

const member = (policy: Policy, { remaining, waitMs }: Decision): string =>
  `${policy.memberStart}${remaining};t=${Math.ceil(waitMs / 1000)}`;
