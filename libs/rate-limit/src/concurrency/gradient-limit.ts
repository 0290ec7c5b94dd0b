import type { Clock } from '@app/common';

export interface GradientOptions {
  readonly clock: Clock;
  /** Requests in flight: the limit at the start, and the bounds within which it moves. */
  readonly initial: number;
  readonly min: number;
  readonly max: number;
}

/** A window ends after this time and so many answers, whichever is later. */
const WINDOW_MS = 500;
const WINDOW_SAMPLES = 20;
/** Latency may grow to so many times the usual before the limit shrinks. */
const TOLERANCE = 2;
/** How much of each window's verdict the limit takes over. */
const SMOOTHING = 0.2;
/** A route's usual latency is the mean of its first windows, and from then on an average over about so many. */
const WARM_UP_WINDOWS = 10;
const BASELINE_WINDOWS = 600;

interface RouteLatency {
  /** The usual latency, in milliseconds; undefined until the first window has ended. */
  baselineMs: number | undefined;
  windows: number;
  count: number;
  totalMs: number;
}

/**
 * How many requests may be in flight: the Gradient2 algorithm of Netflix's concurrency-limits. Each window compares the latency now
 * with the usual one; `limit × tolerance × usual / now + √limit`, smoothed, is the next limit. It differs in one thing: the comparison
 * is made route by route and weighted by their answers, since many log-ins (slow by design) after many reads are no queue. The limit
 * grows only while it is used. No timer; an answer costs two additions.
 */
export class GradientLimit {
  private readonly routes: RouteLatency[] = [];
  private estimate: number;
  private windowStart: number;
  private samples = 0;
  private mostInFlight = 0;

  constructor(private readonly options: GradientOptions) {
    this.estimate = options.initial;
    this.windowStart = options.clock.monotonic();
  }

  /** Requests that may be in flight; not a whole number. */
  get limit(): number {
    return this.estimate;
  }

  /** One request has been answered. `route` is a small number of its own; `inFlight` counts this one too. */
  record(route: number, latencyMs: number, inFlight: number): void {
    const latency = (this.routes[route] ??= { baselineMs: undefined, windows: 0, count: 0, totalMs: 0 });
    latency.count += 1;
    latency.totalMs += latencyMs;
    this.samples += 1;
    if (inFlight > this.mostInFlight) this.mostInFlight = inFlight;
    if (this.samples < WINDOW_SAMPLES) return;
    const now = this.options.clock.monotonic();
    if (now - this.windowStart >= WINDOW_MS) this.endWindow(now);
  }

  private endWindow(now: number): void {
    let weighted = 0;
    for (const route of this.routes) {
      if (!route || route.count === 0) continue;
      const meanMs = Math.max(route.totalMs / route.count, 0.01);
      weighted += (meanMs / (route.baselineMs ?? meanMs)) * route.count;
      learn(route, meanMs);
    }
    // A process that is far from its limit says nothing about where it lies.
    if (this.mostInFlight >= this.estimate / 2) this.adjust(weighted / this.samples);
    this.windowStart = now;
    this.samples = 0;
    this.mostInFlight = 0;
  }

  /** `slowdown`: latency now as a multiple of the usual. */
  private adjust(slowdown: number): void {
    const gradient = Math.max(0.5, Math.min(1, TOLERANCE / slowdown));
    const next = this.estimate * gradient + Math.sqrt(this.estimate);
    const smoothed = this.estimate * (1 - SMOOTHING) + next * SMOOTHING;
    this.estimate = Math.max(this.options.min, Math.min(this.options.max, smoothed));
  }
}

function learn(route: RouteLatency, meanMs: number): void {
  route.windows += 1;
  const usual = route.baselineMs ?? meanMs;
  const weight = route.windows <= WARM_UP_WINDOWS ? 1 / route.windows : 2 / (BASELINE_WINDOWS + 1);
  route.baselineMs = usual + (meanMs - usual) * weight;
  // What was learnt in a slow time is unlearnt faster than it would be by averaging.
  if (usual > meanMs * 2) route.baselineMs *= 0.95;
  route.count = 0;
  route.totalMs = 0;
}
