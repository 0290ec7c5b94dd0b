import type { Problem } from '@app/common';
import type { Entrant, Priority } from '../concurrency/admission.js';
import { reducedCapacity } from '../rate-limit.problems.js';
import { limitAt, loadLevels } from '../load/load-level.js';
import type { Algorithm, Meter } from '../stores/store.js';

export interface PolicySettings {
  /** Units per window and client while the load is low. */
  readonly limit: number;
  readonly windowMs: number;
  /** Units that one request takes. */
  readonly cost: number;
  readonly priority: Priority;
  readonly algorithm: Algorithm;
  /** Waits for a place instead of being refused when the process is at its capacity. */
  readonly queues: boolean;
  /** Counts among the requests in flight; not for a stream that stays open for hours. */
  readonly holdsPlace: boolean;
  /** Its clients are not limited. */
  readonly isExempt: boolean;
}

/** A policy at one load level, with what the answer's headers say of it. */
export interface Quota {
  readonly limit: number;
  readonly field: string;
}

/** Results as they are counted. */
export interface PolicyCounts {
  allowed: number;
  exempt: number;
  limited: number;
  shed: number;
  denied: number;
  shadowed: number;
}

/** The limit of one route pattern, with everything worked out that does not depend on the request. */
export class Policy implements Meter, Entrant {
  readonly windowMs: number;
  readonly cost: number;
  readonly priority: Priority;
  readonly algorithm: Algorithm;
  readonly queues: boolean;
  readonly holdsPlace: boolean;
  readonly isExempt: boolean;
  /** By load level, 0 to 3. */
  readonly quotas: readonly Quota[];
  /** The start of its member in the `RateLimit` field. */
  readonly memberStart: string;
  readonly counts: PolicyCounts = { allowed: 0, exempt: 0, limited: 0, shed: 0, denied: 0, shadowed: 0 };

  private readonly overCapacity: Problem[] = [];

  constructor(
    /** `GET /products/:id` */
    readonly name: string,
    /** A small number of its own. */
    readonly index: number,
    settings: PolicySettings,
  ) {
    this.windowMs = settings.windowMs;
    this.cost = settings.cost;
    this.priority = settings.priority;
    this.algorithm = settings.algorithm;
    this.queues = settings.queues;
    this.holdsPlace = settings.holdsPlace;
    this.isExempt = settings.isExempt || settings.priority === 0;
    const quoted = `"${name.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
    const windowS = Math.ceil(settings.windowMs / 1000);
    this.memberStart = `${quoted};r=`;
    this.quotas = loadLevels.map((_, level) => {
      const limit = limitAt(settings.limit, level);
      return { limit, field: `${quoted};q=${limit};w=${windowS}` };
    });
  }

  quotaAt(level: number): Quota {
    const quota = this.quotas[level];
    if (!quota) throw new RangeError(`there is no load level ${level}`);
    return quota;
  }

  /** The refusal for want of capacity: the same object each time, since it is given when there is least time to make one. */
  overCapacityAt(level: number): Problem {
    return (this.overCapacity[level] ??= reducedCapacity(this, level));
  }
}
