/**
 * `hit`, `stale` and `negative` come from a layer; `miss` was loaded by this caller, `wait` by another one, `bypass` because nothing
 * may be kept at the moment.
 */
export type Result = 'hit' | 'stale' | 'negative' | 'miss' | 'wait' | 'bypass';

/** What a caller is given, and why. */
export interface Answer {
  /** Undefined: there is none. */
  readonly value: unknown;
  readonly layer: 'L1' | 'L2' | 'loader';
  readonly result: Result;
  readonly ageMs: number;
  /** Milliseconds for which it stays fresh; negative when it is stale. */
  readonly freshForMs: number;
  /** What loading it took this caller, in milliseconds. */
  readonly loadMs: number;
  /** Whether what was loaded has been kept. */
  readonly isStored: boolean;
  /** An old value, since loading a new one failed. */
  readonly isBecauseOfError: boolean;
}

/** Is told whether somebody waits for it, or was given an old value already. */
export type Loader = (isBackground: boolean) => unknown;

/** What a loader gives when its result must not be kept, for a reason that is no fault. Callers who waited for it are given it as well. */
export class Unkept {
  constructor(
    readonly value: unknown,
    readonly reason: string,
  ) {}
}
