import { cacheAccessed, connectionUntold, currentRequest, queryFinished, queryStarted, requestFinished } from '@app/common';
import type { CacheAccessed, ConnectionUntold, QueryFinished, QueryStarted, RequestContext, RequestFinished } from '@app/common';
import { getHeapStatistics } from 'node:v8';
import type { ProfilingOptions } from '../profiling.options.js';
import type { Fingerprints } from '../sql/fingerprints.js';
import type { OwnCost } from './own-cost.js';
import { PerSecond } from './per-second.js';
import { Recording, type ProcessReading, type QueryRecord, type QueryWriter } from './recording.js';

/** What the recorder tells of, in the context of the request. */
export interface RecorderListener {
  /** A statement that was slow, or of a request that is kept: that one with its record. */
  queryRecorded(query: QueryFinished, recording: Recording | undefined, record: QueryRecord | undefined): void;
  requestEnded(fact: RequestFinished, context: RequestContext, recording: Recording | undefined): void;
}

/** In the place of the recording of a request that has ended: what it left running is not recorded any more. */
const ended = {};
/** In its place while a request that is not captured in full has done nothing but read the memory of the process: most never do more. */
const light = {};

/** One hit of that memory is like another: when so many have been kept, as a share of other requests, they are left alone for so many milliseconds. */
const hitShare = 1 / 5;
const restMs = 1000;

/** Neither of them is a system call, as `process.cpuUsage()` is: together one to five microseconds. */
export const readProcess = (): ProcessReading => ({
  busyMs: performance.eventLoopUtilization().active,
  heapBytes: getHeapStatistics().used_heap_size,
});

type Options = Pick<ProfilingOptions, 'sampleRate' | 'random' | 'keptPerSecond' | 'slowQueryMs'>;

/** Listens to the channels and writes down, request by request. Whether a request is captured in full is drawn when it first does something. */
export class Recorder {
  private readonly random: () => number;
  private stops: (() => void)[] = [];
  private readonly kept: PerSecond;
  /** Requests that hit the memory of the process first, and will be kept: apart, since they are many and would leave the others none. */
  private hitsLeft: number;
  private readonly mostHits: number;

  // oxlint-disable-next-line max-params -- what it writes with
  constructor(
    private readonly options: Options,
    private readonly fingerprints: Fingerprints,
    private readonly writer: QueryWriter,
    private readonly cost: OwnCost,
    private readonly listener: RecorderListener,
  ) {
    this.random = options.random ?? Math.random;
    this.kept = new PerSecond(options.keptPerSecond);
    this.mostHits = Math.ceil(options.keptPerSecond * hitShare);
    this.hitsLeft = this.mostHits;
  }

  start(): void {
    this.stops = [
      queryStarted.subscribe(this.onQueryStarted),
      queryFinished.subscribe(this.onQueryFinished),
      connectionUntold.subscribe(this.onConnectionUntold),
      cacheAccessed.subscribe(this.onCacheAccessed),
      requestFinished.subscribe(this.onRequestFinished),
    ];
  }

  stop(): void {
    for (const stop of this.stops.splice(0)) stop();
  }

  get isRunning(): boolean {
    return this.stops.length > 0;
  }

  /** The recording of the current request, begun if need be; undefined outside requests and after their end. */
  current(): Recording | undefined {
    const context = currentRequest();
    return context && this.isRunning ? this.of(context) : undefined;
  }

  of(context: RequestContext): Recording | undefined {
    const recording = context.recording instanceof Recording ? context.recording : this.begin(context);
    if (recording?.isKept) recording.before ??= readProcess();
    return recording;
  }

  private begin(context: RequestContext): Recording | undefined {
    const { recording, startedAt } = context;
    if (recording === ended) return undefined;
    const isFull = recording !== light && this.drawFull();
    const begun = new Recording(startedAt, isFull, isFull && this.kept.take(startedAt));
    context.recording = begun;
    return begun;
  }

  private drawFull(): boolean {
    return this.options.sampleRate > 0 && this.random() < this.options.sampleRate;
  }

  private beginHit({ startedAt }: RequestContext): Recording {
    this.hitsLeft -= 1;
    if (this.hitsLeft === 0) setTimeout(() => (this.hitsLeft = this.mostHits), restMs).unref();
    return new Recording(startedAt, true, true);
  }

  private isPlaceless(text: string, endpoint: string): boolean {
    const fingerprint = this.fingerprints.of(text);
    const { isSeen } = fingerprint;
    fingerprint.isSeen = true;
    return isSeen && !fingerprint.hasSite(endpoint);
  }

  // The listeners are made once, whatever is switched: the engine would compile new ones anew.

  /**
   * A hit in the memory of the process took no time: only a request that is captured in full keeps it. While none that hits first is to be
   * kept, it is not even drawn whether it is captured: that is done when it does something else, if it ever does.
   */
  private readonly onCacheAccessed = (read: CacheAccessed): void => {
    if (read.layer !== 'L1') return this.current()?.addRead(read, performance.now());
    if (this.hitsLeft === 0) return;
    const context = currentRequest();
    if (!context) return;
    if (context.recording === undefined) context.recording = this.drawFull() ? this.beginHit(context) : light;
    if (context.recording instanceof Recording && context.recording.isFull) context.recording.addRead(read, performance.now());
  };

  /** A stack is worth its price when a statement comes again: in this request, or in one that is kept, and its place is not known. */
  private readonly onQueryStarted = (query: QueryStarted): void => {
    const { request, text } = query;
    const recording = request && this.of(request);
    if (!recording?.isFull) return;
    const seen = recording.sight(text, this.fingerprints);
    query.needsSite = seen === 1 || (seen === 0 && recording.isKept && this.isPlaceless(text, request?.endpoint ?? ''));
  };

  private readonly onQueryFinished = (query: QueryFinished): void => {
    const begunAt = this.cost.begin();
    const { request } = query;
    this.fingerprints.add(query);
    const recording = request && this.of(request);
    const record = recording?.addQuery(query, this.writer);
    if (recording?.isKept || query.durationMs >= this.options.slowQueryMs) this.listener.queryRecorded(query, recording, record);
    this.cost.end(begunAt);
  };

  private readonly onConnectionUntold = (use: ConnectionUntold): void => {
    this.current()?.addConnection(use);
  };

  private readonly onRequestFinished = (fact: RequestFinished): void => {
    const begunAt = this.cost.begin();
    const context = fact.request;
    const recording = context?.recording;
    if (context && recording !== ended) {
      context.recording = ended;
      this.listener.requestEnded(fact, context, recording instanceof Recording ? recording : undefined);
    }
    this.cost.end(begunAt);
  };
}
