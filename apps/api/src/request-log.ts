import { requestFinished, systemClock, type Clock } from '@app/common';
import type { Logger as Pino } from 'pino';

/** From so many successful answers within a second on, one in ten of that second's is written down. */
const busyFrom = 100;
const oneIn = 10;

/** Counts the successful answers of each second, and picks those to be written. */
class Sampler {
  private second = 0;
  private count = 0;

  /** The share that a line stands for: 1 while it is quiet; 0: not to be written. */
  shareOf(nowMs: number): number {
    const second = Math.floor(nowMs / 1000);
    if (second !== this.second) {
      this.second = second;
      this.count = 0;
    }
    this.count += 1;
    if (this.count <= busyFrom) return 1;
    return this.count % oneIn === 0 ? 1 / oneIn : 0;
  }
}

/**
 * One line per answer; of the successful ones of a busy second a tenth, marked with `sampled`, so that whoever counts lines can
 * multiply. Returns the function that stops it.
 */
export function logRequests(logger: Pino, clock: Pick<Clock, 'monotonic'> = systemClock): () => void {
  const sampler = new Sampler();
  return requestFinished.subscribe(({ method, route, statusCode, durationMs, responseBytes }) => {
    const share = statusCode < 400 ? sampler.shareOf(clock.monotonic()) : 1;
    if (share === 0) return;
    const level = statusCode >= 500 ? 'error' : 'info';
    const facts = { method, route, status: statusCode, duration_ms: Math.round(durationMs * 10) / 10, response_bytes: responseBytes };
    logger[level](share === 1 ? facts : { ...facts, sampled: share }, 'request');
  });
}
