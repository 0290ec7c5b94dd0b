/** `sliding-log`: exact, eight bytes a hit. `gcra`: one number a client, for large limits; up to twice the limit over a burst's edge. */
export type Algorithm = 'sliding-log' | 'gcra';

/** What is counted together: the requests of one client under one policy. */
export interface Meter {
  /** Unique; part of the key in Redis. */
  readonly name: string;
  readonly windowMs: number;
  readonly algorithm: Algorithm;
}

/** `cost` units of `meter` for `client`: a whole number from 1; a cost above the limit counts as the limit. */
export interface Ask {
  readonly meter: Meter;
  readonly client: string;
  readonly limit: number;
  readonly cost: number;
}

export interface Decision {
  readonly isAllowed: boolean;
  /** Units left in the window after this request; never below 0. */
  readonly remaining: number;
  /**
   * Milliseconds, rounded up. Of a refused request: until the same one would be allowed. Of an allowed one: until the next unit of
   * quota comes back.
   */
  readonly waitMs: number;
}

/**
 * Counts requests. Of any number that come at once, no more than `limit` units are let through in any trailing window (sliding log). A
 * refused request is not recorded. The limit may differ from call to call: what was recorded is compared with the present one.
 */
export interface LimitStore {
  take(ask: Ask): Decision | Promise<Decision>;
}
