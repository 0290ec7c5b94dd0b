import type { AlertRule } from './alert-rule.js';

export type AlertState = 'pending' | 'firing' | 'resolved';

/** One time that a rule's condition came to hold, from then until it no longer did. Times are milliseconds since the epoch. */
export interface Alert {
  readonly id: number;
  readonly rule: AlertRule;
  readonly state: AlertState;
  /** The figure at the last evaluation; of a resolved alert, the one that ended it. */
  readonly value: number;
  readonly since: number;
  readonly firedAt?: number;
  readonly resolvedAt?: number;
  readonly acknowledged?: { readonly by: string; readonly at: number; readonly comment?: string };
}

/** Nobody is told of the alerts of a rule until `until`; they are evaluated and shown all the same. */
export interface Silence {
  readonly id: number;
  readonly rule: string;
  readonly until: number;
  readonly by: string;
  readonly comment?: string;
}
