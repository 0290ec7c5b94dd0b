import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { profileCpu, type CpuProfile } from './cpu-profile.js';
import { sampleHeap, type HeapSummary } from './heap-summary.js';

/** A capture runs already: two at once would see each other. */
export class CaptureRunning extends Error {
  constructor() {
    super('a capture of this process is running');
    this.name = 'CaptureRunning';
  }
}

export interface HeapCapture {
  readonly durationMs: number;
  /** Also count objects by constructor: a heap snapshot, for which the process stands still about a second per 100 MB. */
  readonly withObjects: boolean;
}

/** Looks into the process for a while: one at a time, ended early when the process is told to stop or nobody waits any more. */
@Injectable()
export class Captures implements BeforeApplicationShutdown {
  private running: AbortController | undefined;

  beforeApplicationShutdown(): void {
    this.running?.abort();
  }

  /** Throws `CaptureRunning`. While it runs, the process is slower by a few percent. */
  cpu(durationMs: number, signal?: AbortSignal): Promise<CpuProfile> {
    return this.alone((wait) => profileCpu(() => wait(durationMs)), signal);
  }

  /** Throws `CaptureRunning`. */
  heap({ durationMs, withObjects }: HeapCapture, signal?: AbortSignal): Promise<HeapSummary> {
    return this.alone((wait) => sampleHeap(() => wait(durationMs), withObjects), signal);
  }

  private async alone<T>(work: (wait: (ms: number) => Promise<void>) => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.running) throw new CaptureRunning();
    const running = new AbortController();
    this.running = running;
    const abort = (): void => running.abort();
    signal?.addEventListener('abort', abort, { once: true });
    try {
      // Cut short, it still gives what it has seen.
      return await work((ms) => sleep(ms, undefined, { signal: running.signal }).catch(() => undefined));
    } finally {
      signal?.removeEventListener('abort', abort);
      this.running = undefined;
    }
  }
}
