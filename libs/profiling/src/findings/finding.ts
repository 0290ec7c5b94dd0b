import { createHash } from 'node:crypto';
import type { PlanNode } from '../plans/plan.js';

export type FindingKind =
  | 'n-plus-one'
  | 'duplicate-query'
  | 'slow-query'
  | 'missing-index'
  | 'uncached'
  | 'over-fetching'
  | 'slow-endpoint'
  | 'regression'
  | 'unseen-query';

/** What is wrong, where, and what mends it. */
export interface Finding {
  readonly kind: FindingKind;
  /** Method and template of the route, or `background`. */
  readonly endpoint: string;
  readonly title: string;
  /** What to do, in a sentence or two. */
  readonly fix: string;
  /** A statement that does it, to be run as it stands. */
  readonly sql?: string;
  /** The statement that it is about; its values are `?`. */
  readonly statement?: { readonly id: string; readonly text: string };
  /** The place in the code, as `name (path:line)`. */
  readonly site?: string;
  /** What was measured; names carry their unit. */
  readonly figures: Readonly<Record<string, number | string | boolean>>;
  readonly plan?: PlanNode;
}

/** The same finding at every occurrence: of one kind, endpoint, statement and remedy. */
export interface StoredFinding extends Finding {
  readonly id: string;
  readonly occurrences: number;
  /** Milliseconds since the epoch. */
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  /** The last five requests in which it was seen; those that are still kept can be looked at. */
  readonly requestIds: readonly string[];
}

export function findingId({ kind, endpoint, statement, sql }: Finding): string {
  const identity = [kind, endpoint, statement?.id ?? '', sql ?? ''].join('\n');
  return createHash('sha1').update(identity).digest('hex').slice(0, 12);
}
