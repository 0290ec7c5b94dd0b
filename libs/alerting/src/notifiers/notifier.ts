import type { Alert } from '../alert.js';

/** Tells somebody that alerts have fired or were resolved. It may reject: the failure is counted, and told again at the next change. */
export interface Notifier {
  readonly name: string;
  /** Tell of what still fires again after so many milliseconds; never unless given. */
  readonly repeatMs?: number;
  notify(alerts: readonly Alert[]): Promise<void>;
}
