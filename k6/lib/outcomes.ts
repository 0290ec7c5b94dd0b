import http, { type RefinedResponse, type ResponseType } from 'k6/http';
import { Counter, Rate, Trend } from 'k6/metrics';

// 409 (sold out, price changed), 429 and 503 are answers that the product gives on purpose.
http.setResponseCallback(http.expectedStatuses({ min: 200, max: 399 }, 409, 429, 503));

const errors = new Rate('errors');
const limited = new Rate('limited');
const shed = new Rate('shed');
const conflicts = new Counter('conflicts');
const accepted = new Trend('accepted_duration', true);
const cacheHits = new Rate('cache_hits');

/** Files an answer under what became of it: error, refused (429 or 503), conflict, or accepted, whose time alone counts. */
export function count(route: string, { status, timings, headers }: RefinedResponse<ResponseType | undefined>): void {
  const tags = { route };
  limited.add(status === 429, tags);
  shed.add(status === 503, tags);
  const isConflict = status === 409;
  if (isConflict) conflicts.add(1, tags);
  const isAccepted = status >= 200 && status < 400;
  errors.add(!isAccepted && !isConflict && status !== 429 && status !== 503, tags);
  if (isAccepted) accepted.add(timings.duration, tags);
  // What RFC 9211 tells of a cache's answer; a bypass says that no cache is asked here.
  const told = headers['Cache-Status'];
  if (isAccepted && told !== undefined && !told.includes('fwd=bypass')) cacheHits.add(told.includes('; hit'), tags);
}
