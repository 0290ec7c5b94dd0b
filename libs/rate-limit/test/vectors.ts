import type { Algorithm } from '../src/stores/store.js';

/** Allowed or not, remaining, and the wait in milliseconds. */
type Expected = readonly [isAllowed: boolean, remaining: number, waitMs: number];

interface Step {
  /** Milliseconds since the start of the vector. */
  readonly at: number;
  readonly limit?: number;
  readonly cost?: number;
  readonly times?: number;
  readonly expected: Readonly<Record<Algorithm, Expected>>;
}

export interface Vector {
  readonly rule: string;
  readonly limit: number;
  readonly steps: readonly Step[];
}

const both = (expected: Expected): Record<Algorithm, Expected> => ({ 'sliding-log': expected, gcra: expected });
const each = (log: Expected, gcra: Expected): Record<Algorithm, Expected> => ({ 'sliding-log': log, gcra });

/** What every store decides, with a window of 60 s. */
export const vectors: readonly Vector[] = [
  {
    rule: 'lets a burst of the limit through and says exactly when the next one may come',
    limit: 3,
    steps: [
      { at: 0, expected: each([true, 2, 60_000], [true, 2, 20_000]) },
      { at: 0, expected: each([true, 1, 60_000], [true, 1, 20_000]) },
      { at: 0, expected: each([true, 0, 60_000], [true, 0, 20_000]) },
      { at: 0, expected: each([false, 0, 60_000], [false, 0, 20_000]) },
      { at: 19_999, expected: each([false, 0, 40_001], [false, 0, 1]) },
      { at: 20_000, expected: each([false, 0, 40_000], [true, 0, 20_000]) },
      { at: 59_999, expected: each([false, 0, 1], [true, 0, 1]) },
      { at: 60_000, expected: each([true, 2, 60_000], [true, 0, 20_000]) },
    ],
  },
  {
    rule: 'tells when the oldest hit leaves, not when the newest does',
    limit: 3,
    steps: [
      { at: 0, expected: each([true, 2, 60_000], [true, 2, 20_000]) },
      { at: 30_000, expected: each([true, 1, 30_000], [true, 2, 20_000]) },
      { at: 45_000, expected: each([true, 0, 15_000], [true, 1, 5000]) },
      { at: 50_000, expected: each([false, 0, 10_000], [true, 1, 20_000]) },
    ],
  },
  {
    rule: 'does not record what it refuses',
    limit: 1,
    steps: [
      { at: 0, expected: both([true, 0, 60_000]) },
      { at: 1000, times: 50, expected: both([false, 0, 59_000]) },
      { at: 59_000, times: 50, expected: both([false, 0, 1000]) },
      { at: 60_000, expected: both([true, 0, 60_000]) },
    ],
  },
  {
    rule: 'takes as many units as a request costs, or refuses it whole',
    limit: 10,
    steps: [
      { at: 0, cost: 4, expected: each([true, 6, 60_000], [true, 6, 6000]) },
      { at: 0, cost: 4, expected: each([true, 2, 60_000], [true, 2, 6000]) },
      { at: 0, cost: 4, expected: each([false, 2, 60_000], [false, 2, 12_000]) },
      { at: 0, cost: 2, expected: each([true, 0, 60_000], [true, 0, 6000]) },
    ],
  },
  {
    rule: 'counts a cost above the limit as the limit',
    limit: 4,
    steps: [
      { at: 0, cost: 9, expected: each([true, 0, 60_000], [true, 0, 15_000]) },
      { at: 15_000, cost: 9, expected: each([false, 0, 45_000], [false, 1, 45_000]) },
    ],
  },
  {
    rule: 'compares with the limit of the moment: after it shrank, the wait is for the hit at n - limit',
    limit: 10,
    steps: [
      { at: 0, expected: each([true, 9, 60_000], [true, 9, 6000]) },
      { at: 10_000, expected: each([true, 8, 50_000], [true, 9, 6000]) },
      { at: 20_000, expected: each([true, 7, 40_000], [true, 9, 6000]) },
      { at: 30_000, expected: each([true, 6, 30_000], [true, 9, 6000]) },
      { at: 40_000, expected: each([true, 5, 20_000], [true, 9, 6000]) },
      { at: 41_000, limit: 2, expected: each([false, 0, 49_000], [true, 0, 5000]) },
      { at: 42_000, limit: 10, expected: each([true, 4, 18_000], [true, 3, 4000]) },
    ],
  },
];
