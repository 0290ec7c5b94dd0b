import { Problem } from '@app/common';
import { loadLevels } from './load/load-level.js';
import type { Policy } from './policies/policy.js';

/** Longest `Retry-After`, in seconds. */
const LONGEST_S = 60;

/** At least a second, since a client that comes back at once would be refused again. */
export const retryAfterS = (waitMs: number): number => Math.min(LONGEST_S, Math.max(1, Math.ceil(waitMs / 1000)));

/** RateLimit header fields draft, section "Problem Types": quota-exceeded. */
export function quotaExceeded(policy: Policy, level: number, waitMs: number): Problem {
  const { limit } = policy.quotaAt(level);
  const calm = policy.quotaAt(0).limit;
  const retryAfter = retryAfterS(waitMs);
  const reduced = limit < calm ? ` (${calm} when it is low)` : '';
  const detail =
    `${policy.name} allows ${limit} requests in ${policy.windowMs / 1000} s at load level ${loadLevels[level] ?? level}${reduced}; ` +
    `try again in ${retryAfter} s`;
  return new Problem(429, 'quota-exceeded', 'Too many requests', detail, {
    headers: { 'retry-after': String(retryAfter) },
    extensions: {
      retry_after: retryAfter,
      policy: policy.name,
      quota: limit,
      window_s: policy.windowMs / 1000,
      load_level: loadLevels[level],
      'violated-policies': [policy.name],
    },
  });
}

/** The same draft: temporary-reduced-capacity. The higher the level, the later a client should come back. */
export function reducedCapacity(policy: Policy, level: number): Problem {
  const retryAfter = 1 + level;
  return new Problem(503, 'temporary-reduced-capacity', 'The service is at its capacity', undefined, {
    headers: { 'retry-after': String(retryAfter) },
    extensions: { retry_after: retryAfter, policy: policy.name, priority: policy.priority, load_level: loadLevels[level] },
  });
}

export const addressDenied = (): Problem =>
  new Problem(403, 'address-denied', 'This address is not served', 'the operator has put this address on the deny list');
