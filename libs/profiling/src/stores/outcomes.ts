import type { RequestFinished } from '@app/common';
import type { Recording } from '../capture/recording.js';
import type { Outcome } from './endpoint-figures.js';

const figures = 4;

/**
 * Outcomes of requests that are not counted yet, up to a fixed number. Counting each where it ends would touch a table and two histograms
 * that the processor's caches have lost since the request before; for many in a row they are at hand.
 */
export class Outcomes {
  private readonly endpoints: string[];
  private readonly numbers: Float64Array;
  private size = 0;

  constructor(private readonly most: number) {
    this.endpoints = Array.from({ length: most }, () => '');
    this.numbers = new Float64Array(most * figures);
  }

  get isFull(): boolean {
    return this.size === this.most;
  }

  /** Not to be called when it is full. A request without a recording did nothing that is recorded. */
  add(endpoint: string, { durationMs, statusCode }: RequestFinished, recording: Recording | undefined): void {
    const at = this.size * figures;
    this.endpoints[this.size] = endpoint;
    this.numbers[at] = durationMs;
    this.numbers[at + 1] = statusCode;
    this.numbers[at + 2] = recording ? recording.queryCount : 0;
    this.numbers[at + 3] = recording ? recording.queryMs : 0;
    this.size += 1;
  }

  /** Gives all of them in their order, and is empty then. */
  drain(take: (outcome: Outcome) => void): void {
    const { size, endpoints, numbers } = this;
    this.size = 0;
    for (let index = 0; index < size; index += 1) {
      const at = index * figures;
      take({
        endpoint: endpoints[index] ?? '',
        durationMs: numbers[at] ?? 0,
        statusCode: numbers[at + 1] ?? 0,
        queryCount: numbers[at + 2] ?? 0,
        queryMs: numbers[at + 3] ?? 0,
      });
    }
  }
}
