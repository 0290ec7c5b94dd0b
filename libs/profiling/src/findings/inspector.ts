import { systemClock, type Clock, type QueryFinished, type RequestContext, type RequestFinished } from '@app/common';
import type { OwnCost } from '../capture/own-cost.js';
import type { ParameterMask } from '../capture/parameter-mask.js';
import { readProcess, type RecorderListener } from '../capture/recorder.js';
import { Recording, type QueryRecord, type QueryWriter } from '../capture/recording.js';
import { profileOf, type Ended, type KeptBecause, type RequestProfile } from '../capture/request-profile.js';
import type { RuntimeWatch } from '../capture/runtime-watch.js';
import { parsePlan } from '../plans/plan.js';
import { PlanExaminer } from '../plans/plan-examiner.js';
import type { ProfilingOptions } from '../profiling.options.js';
import type { Fingerprints } from '../sql/fingerprints.js';
import { Endpoints } from '../stores/endpoint-figures.js';
import { KeptRequests } from '../stores/kept-requests.js';
import { Outcomes } from '../stores/outcomes.js';
import type { Finding } from './finding.js';
import { Findings } from './findings.js';
import { detectOverFetching } from './over-fetching.detector.js';
import { RegressionWatch } from './regression.detector.js';
import { detectRepeatedQueries } from './repeated-query.detector.js';
import { UncachedWatch } from './uncached.detector.js';
import { unseenQuery } from './unseen-query.detector.js';

/** Requests are looked at in batches, after their answers have left; a batch is never larger than this. Whoever reads does not wait for it. */
const batchDelayMs = 200;
const largestBatch = 200;
/** So many are counted at a time, or fewer, when somebody asks. */
const countedAtOnce = 128;

/** What the parts of the profiler share. */
export interface Instruments {
  readonly watch: RuntimeWatch;
  readonly cost: OwnCost;
  readonly mask: ParameterMask;
  readonly fingerprints: Fingerprints;
  readonly writer: QueryWriter;
}

/** Counts every request, keeps those that are worth it, and looks for what is wrong with them. */
export class Inspector implements RecorderListener {
  readonly endpoints = new Endpoints();
  readonly requests: KeptRequests;
  readonly findings: Findings;
  readonly uncached: UncachedWatch;
  readonly regressions: RegressionWatch;
  readonly examiner: PlanExaminer;
  private readonly clock: Clock;
  private readonly uncounted = new Outcomes(countedAtOnce);
  private waiting: Ended[] = [];
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly options: ProfilingOptions,
    private readonly instruments: Instruments,
  ) {
    this.clock = options.clock ?? systemClock;
    this.requests = new KeptRequests(options.requestBytes);
    this.findings = new Findings(options.findingBytes);
    this.uncached = new UncachedWatch(options, instruments.mask);
    this.regressions = new RegressionWatch(options, this.clock, options.baselines);
    this.examiner = new PlanExaminer(options, this.findings, this.clock);
  }

  queryRecorded(query: QueryFinished, recording: Recording | undefined, record: QueryRecord | undefined): void {
    const { request } = query;
    if (query.durationMs >= this.options.slowQueryMs) this.offerSlow(query, recording);
    if (!request || !record?.parameters) return;
    const { requestId, endpoint } = request;
    const seen = { requestId, endpoint, parameters: record.parameters, now: this.clock.monotonic() };
    const finding = this.uncached.see(query, record.fingerprint, seen);
    if (finding) this.findings.add(finding, this.clock.now(), requestId);
  }

  requestEnded(fact: RequestFinished, context: RequestContext, recording: Recording | undefined): void {
    const { endpoint, requestId, startedAt } = context;
    const { durationMs, statusCode } = fact;
    const endedAt = startedAt + durationMs;
    this.uncounted.add(endpoint, fact, recording);
    if (this.regressions.isDue(endedAt)) this.judgeEndpoints();
    else if (this.uncounted.isFull) this.count();
    if (recording?.hasUnseenQueries) this.findings.add(unseenQuery(endpoint, recording.queryCount), this.clock.now(), requestId);
    const isNotable = statusCode >= 500 || durationMs >= this.options.slowRequestMs || recording?.isWanted === true;
    if (!isNotable && !recording?.isFull) return;
    const isKept = isNotable || recording?.isKept === true;
    if (isKept || (recording && this.isTelling(recording)))
      this.enqueue(fact, context, recording ?? new Recording(startedAt, false, false), isKept);
  }

  /** Whether looking at it could tell something: a finding takes two statements or much that is read, and places are told by stacks. */
  private isTelling({ queryCount, readBytes, hasStacks }: Recording): boolean {
    return queryCount > 1 || hasStacks || readBytes >= this.options.overFetchBytes;
  }

  // oxlint-disable-next-line max-params -- what is waited with
  private enqueue(fact: RequestFinished, context: RequestContext, recording: Recording, isKept: boolean): void {
    const after = recording.before ? readProcess() : undefined;
    recording.settle(this.instruments.writer);
    this.waiting.push({ context, recording, fact, isKept, because: this.reasons(fact, recording), after, endedAt: this.clock.now() });
    if (this.waiting.length >= largestBatch) this.inspect();
    else this.timer ??= setTimeout(() => this.inspect(), batchDelayMs).unref();
  }

  /** Looks at what has ended so far, now. */
  inspect(): void {
    const { watch, cost } = this.instruments;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.count();
    const batch = this.waiting;
    this.waiting = [];
    if (batch.length > 0) watch.look();
    for (const ended of batch) {
      const begunAt = cost.begin();
      this.inspectOne(ended);
      cost.end(begunAt);
    }
  }

  private count(): void {
    this.uncounted.drain((outcome) => this.endpoints.of(outcome.endpoint).count(outcome));
  }

  private inspectOne(ended: Ended): void {
    const profile = profileOf(ended, this.instruments.watch);
    this.endpoints.of(profile.endpoint).countProcess(profile);
    const found = profile.isFull ? this.lookAt(profile) : [];
    if (found.length > 0 || ended.isKept) this.requests.add(profile);
    for (const finding of found) this.findings.add(finding, this.clock.now(), profile.requestId);
  }

  private lookAt(profile: RequestProfile): Finding[] {
    return [...detectRepeatedQueries(profile, this.options.repeatedQueries), ...detectOverFetching(profile, this.options)];
  }

  private reasons({ durationMs, statusCode }: RequestFinished, { isFull, isWanted }: Recording): KeptBecause[] {
    const because: KeptBecause[] = [];
    if (isFull) because.push('sampled');
    if (durationMs >= this.options.slowRequestMs) because.push('slow');
    if (statusCode >= 500) because.push('failed');
    if (isWanted) because.push('wanted');
    return because;
  }

  private judgeEndpoints(): void {
    this.count();
    for (const finding of this.regressions.judgeAll(this.endpoints.all())) this.findings.add(finding, this.clock.now());
  }

  // Statements outside requests are rare and long; all of them count as captured while anything is.
  private offerSlow(query: QueryFinished, recording?: Recording): void {
    const { text, parameters, request, durationMs, rowCount } = query;
    const endpoint = request?.endpoint ?? 'background';
    const fingerprint = this.instruments.fingerprints.of(text);
    const plan = query.plan === undefined ? undefined : parsePlan(query.plan);
    const isCaptured = plan !== undefined || (recording?.isFull ?? this.options.sampleRate > 0);
    const site = fingerprint.sites.get(endpoint);
    const execution = { fingerprint, endpoint, requestId: request?.requestId, durationMs, rowCount, site, plan };
    this.examiner.offer(execution, isCaptured && !query.error ? { text, parameters } : undefined);
  }
}
