import { LineSampler, requestFinished, systemClock, type Clock } from '@app/common';
import type { Logger as Pino } from 'pino';

/** The limiter's answers: it tells of them itself, and in a flood of them lines would be the larger part of their cost. */
const isRefusal = (status: number): boolean => status === 429 || status === 503;

/**
 * One line per answer; of the successful and the refused ones of a busy second a tenth, marked with `sampled`, so that whoever counts
 * lines can multiply. Other failures are all there. Returns the function that stops it.
 */
export function logRequests(logger: Pino, clock: Pick<Clock, 'monotonic'> = systemClock): () => void {
  const sampler = new LineSampler();
  // Looking for secrets costs as much as the line, and all that is in it comes from here.
  const lines = logger.child({}, { redact: [] });
  return requestFinished.subscribe(({ method, route, statusCode, durationMs, responseBytes }) => {
    const share = statusCode < 400 || isRefusal(statusCode) ? sampler.shareOf(clock.monotonic()) : 1;
    if (share === 0) return;
    const level = statusCode >= 500 ? 'error' : 'info';
    const facts = { method, route, status: statusCode, duration_ms: Math.round(durationMs * 10) / 10, response_bytes: responseBytes };
    lines[level](share === 1 ? facts : { ...facts, sampled: share }, 'request');
  });
}
