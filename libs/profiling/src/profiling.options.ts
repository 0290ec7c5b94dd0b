import type { Clock } from '@app/common';
import type { BaselineStore } from './findings/regression.detector.js';
import type { OpenSession } from './plans/sql-session.js';

export interface ProfilingOptions {
  /** False: nothing is listened to and nothing is kept. */
  readonly isEnabled: boolean;
  /** 0 to 1: the share of requests captured in full (parameters, places, process figures). Counts and times are always on. */
  readonly sampleRate: number;
  /** Requests of at least this many milliseconds are always kept. */
  readonly slowRequestMs: number;
  /** Statements of at least this many milliseconds are a finding. */
  readonly slowQueryMs: number;
  /** Statements with one fingerprint in one request, from which on they are an N+1. */
  readonly repeatedQueries: number;
  /** Requests that read the same with the same parameters, from which on it is worth a cache. */
  readonly uncachedRequests: number;
  /** Over-fetching: at least so many bytes read, and so many times what is sent. */
  readonly overFetchBytes: number;
  readonly overFetchRatio: number;
  /** A window for the comparison with the baseline: its length in milliseconds, and the fewest requests that say something. */
  readonly windowMs: number;
  readonly windowRequests: number;
  /** A window's p95 beyond so many times the baseline is a regression. */
  readonly regressionRatio: number;
  /** Most bytes of kept requests; half for slow, failed and wanted ones, half for sampled ones. */
  readonly requestBytes: number;
  /**
   * Of requests that are kept for no other reason than that they were drawn, at most so many in a second, and besides a fifth as many that did
   * nothing but hit the memory of the process. Only these have readings of the process and the end of their handler, and only their reads are watched
   * for repetition over many requests. A busy server would else keep the last moment alone, and pay more for keeping than for looking. All are
   * counted, and looked at where there may be something to find.
   */
  readonly keptPerSecond: number;
  readonly findingBytes: number;
  readonly statementBytes: number;
  /** For reads that are watched for repetition over many requests. */
  readonly watchBytes: number;
  /** For plans and for trying indexes; without it, plans are only those that come with an execution. */
  readonly openSession?: OpenSession;
  readonly baselines?: BaselineStore;
  readonly clock?: Clock;
  /** From 0 to 1, for the choice of requests; tests give their own. */
  readonly random?: () => number;
}

export const profilingDefaults: ProfilingOptions = {
  isEnabled: true,
  sampleRate: 0.1,
  slowRequestMs: 500,
  slowQueryMs: 100,
  repeatedQueries: 5,
  uncachedRequests: 20,
  overFetchBytes: 65_536,
  overFetchRatio: 10,
  windowMs: 300_000,
  windowRequests: 200,
  regressionRatio: 1.5,
  requestBytes: 8_388_608,
  keptPerSecond: 50,
  findingBytes: 1_048_576,
  statementBytes: 4_194_304,
  watchBytes: 1_048_576,
};

/** Injects what the application gave; what it left out is in `profilingDefaults`. */
export const GIVEN_OPTIONS = Symbol('profiling:options');
