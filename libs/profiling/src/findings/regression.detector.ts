import { runDetached, type Clock } from '@app/common';
import type { EndpointFigures } from '../stores/endpoint-figures.js';
import type { Finding } from './finding.js';

/** What an endpoint's 95th percentile normally is. */
export interface Baseline {
  readonly endpoint: string;
  /** Milliseconds. */
  readonly p95Ms: number;
  /** Requests of the window it was taken from. */
  readonly requests: number;
}

/** Where baselines outlive the process. Shared by all replicas; the last one to save wins. */
export interface BaselineStore {
  load(): Promise<readonly Baseline[]>;
  save(baselines: readonly Baseline[]): Promise<void>;
}

export interface RegressionOptions {
  readonly slowRequestMs: number;
  readonly windowMs: number;
  readonly windowRequests: number;
  /** How many times the baseline. */
  readonly regressionRatio: number;
}

/** A rise by less is noise, however large its ratio. */
const leastRiseMs = 5;
/** How far a better window, or one that is worse by a tenth at most, moves the baseline towards itself. */
const adaptation = 0.2;
const tolerated = 1.1;

export interface Verdict {
  readonly finding: Finding | undefined;
  /** The baseline as it is from now on. */
  readonly baseline: Baseline;
}

function slowEndpoint(endpoint: string, p95Ms: number, thresholdMs: number, requests: number): Finding {
  return {
    kind: 'slow-endpoint',
    endpoint,
    title: `95 % of its requests are answered within ${Math.round(p95Ms)} ms, which is over ${thresholdMs} ms`,
    fix: 'Look at its slow requests: the waterfall says whether the database, the handler or the wait for a connection takes the time.',
    figures: { p95_ms: p95Ms, threshold_ms: thresholdMs, requests },
  };
}

function regression(baseline: Baseline, p95Ms: number, requests: number): Finding {
  const { endpoint } = baseline;
  return {
    kind: 'regression',
    endpoint,
    title: `Its 95th percentile rose from ${baseline.p95Ms.toFixed(1)} to ${p95Ms.toFixed(1)} ms`,
    fix: 'Compare what was deployed or what grew since: its statements, their plans, the size of its answers.',
    figures: { baseline_p95_ms: baseline.p95Ms, p95_ms: p95Ms, ratio: p95Ms / baseline.p95Ms, requests },
  };
}

/** A slow decline must not carry its own baseline along. */
const adapted = (baseline: number, p95Ms: number): number =>
  p95Ms > baseline * tolerated ? baseline : baseline + (p95Ms - baseline) * adaptation;

/** Judges one window. The first one becomes the baseline; a worse one is a finding and leaves it as it was, so that it is seen again. */
export function judge(figures: EndpointFigures, known: Baseline | undefined, options: RegressionOptions): Verdict {
  const { endpoint, window } = figures;
  const p95Ms = window.percentile(0.95);
  const requests = window.count;
  const isRegression = known !== undefined && p95Ms > known.p95Ms * options.regressionRatio && p95Ms > known.p95Ms + leastRiseMs;
  if (isRegression) return { finding: regression(known, p95Ms, requests), baseline: known };
  const next = known === undefined ? p95Ms : adapted(known.p95Ms, p95Ms);
  const finding = p95Ms > options.slowRequestMs ? slowEndpoint(endpoint, p95Ms, options.slowRequestMs, requests) : undefined;
  return { finding, baseline: { endpoint, p95Ms: next, requests } };
}

/**
 * Compares each endpoint with its own past, one window after the other. A window is judged when its time is over and it has enough
 * requests; one with fewer goes on. Costs one comparison per request.
 */
export class RegressionWatch {
  private readonly baselines = new Map<string, Baseline>();
  private windowEnd: number;
  /** Baselines could not be read or stored. */
  failures = 0;

  constructor(
    private readonly options: RegressionOptions,
    private readonly clock: Clock,
    private readonly store: BaselineStore | undefined,
  ) {
    this.windowEnd = clock.monotonic() + options.windowMs;
  }

  async load(): Promise<void> {
    await this.tolerate(async () => {
      for (const baseline of (await this.store?.load()) ?? []) this.baselines.set(baseline.endpoint, baseline);
    });
  }

  baselineOf(endpoint: string): Baseline | undefined {
    return this.baselines.get(endpoint);
  }

  /** `now` in monotonic milliseconds, as the request that has just ended tells it: cheaper than to look at the clock again. */
  isDue(now: number): boolean {
    return now >= this.windowEnd;
  }

  /** Findings of all endpoints whose window is over; starts the next window. */
  judgeAll(endpoints: readonly EndpointFigures[]): Finding[] {
    this.windowEnd = this.clock.monotonic() + this.options.windowMs;
    const judged = endpoints.filter(({ window }) => window.count >= this.options.windowRequests);
    const verdicts = judged.map((figures) => judge(figures, this.baselines.get(figures.endpoint), this.options));
    for (const { baseline } of verdicts) this.baselines.set(baseline.endpoint, baseline);
    for (const { window } of judged) window.clear();
    // It is judged while some request ends, and none of that request's business.
    if (verdicts.length > 0) runDetached(() => void this.tolerate(async () => this.store?.save(verdicts.map(({ baseline }) => baseline))));
    return verdicts.map(({ finding }) => finding).filter((finding) => finding !== undefined);
  }

  /** Without its store the comparison goes on with what this process has seen. */
  private async tolerate(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch {
      this.failures += 1;
    }
  }
}
