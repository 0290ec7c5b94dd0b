import { cacheAccessed, connectionUsed, currentRequest, queryFinished, queryStarted, requestFinished } from '@app/common';
import type { CacheAccessed, ConnectionUsed, QueryFinished, QueryStarted, RequestContext, RequestFinished } from '@app/common';
import { getHeapStatistics } from 'node:v8';
import type { ProfilingOptions } from '../profiling.options.js';
import type { Fingerprint, Fingerprints } from '../sql/fingerprints.js';
import type { OwnCost } from './own-cost.js';
import type { MaskedParameters, ParameterMask } from './parameter-mask.js';
import { PerSecond } from './per-second.js';
import { Recording, type ProcessReading } from './recording.js';

/** What the recorder tells of, in the context of the request. */
export interface RecorderListener {
  queryRecorded(query: QueryFinished, fingerprint: Fingerprint, request: RecordedRequest | undefined): void;
  requestEnded(fact: RequestFinished, context: RequestContext, recording: Recording | undefined): void;
}

export interface RecordedRequest {
  readonly context: RequestContext;
  readonly recording: Recording;
  readonly parameters: MaskedParameters | undefined;
}

/** In the place of the recording of a request that has ended: what it left running is not recorded any more. */
const ended = {};
/** In its place while a request that is not captured in full has done nothing but read the memory of the process: most never do more. */
const light = {};

/** Neither of them is a system call, as `process.cpuUsage()` is: together one to five microseconds. */
export const readProcess = (): ProcessReading => ({
  busyMs: performance.eventLoopUtilization().active,
  heapBytes: getHeapStatistics().used_heap_size,
});

type Options = Pick<ProfilingOptions, 'sampleRate' | 'random' | 'keptPerSecond'>;

/** Listens to the channels and writes down, request by request. Whether a request is captured in full is drawn when it first does something. */
export class Recorder {
  private readonly random: () => number;
  private stops: (() => void)[] = [];
  private readonly readings: PerSecond;

  // oxlint-disable-next-line max-params -- what it writes with
  constructor(
    private readonly options: Options,
    private readonly fingerprints: Fingerprints,
    private readonly mask: ParameterMask,
    private readonly cost: OwnCost,
    private readonly listener: RecorderListener,
  ) {
    this.random = options.random ?? Math.random;
    this.readings = new PerSecond(options.keptPerSecond);
  }

  start(): void {
    this.stops = [
      queryStarted.subscribe((query) => this.cost.of(() => this.onQueryStarted(query))),
      queryFinished.subscribe((query) => this.cost.of(() => this.onQueryFinished(query))),
      connectionUsed.subscribe((use) => this.onConnectionUsed(use)),
      cacheAccessed.subscribe((read) => this.onCacheAccessed(read)),
      requestFinished.subscribe((fact) => this.cost.of(() => this.onRequestFinished(fact))),
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
    if (recording?.isFull === true && !recording.isProcessSettled) {
      recording.isProcessSettled = true;
      if (this.readings.take(context.startedAt)) recording.before = readProcess();
    }
    return recording;
  }

  private begin(context: RequestContext): Recording | undefined {
    if (context.recording === ended) return undefined;
    const begun = new Recording(context.startedAt, context.recording !== light && this.drawFull());
    context.recording = begun;
    return begun;
  }

  private drawFull(): boolean {
    return this.options.sampleRate > 0 && this.random() < this.options.sampleRate;
  }

  /** A hit in the memory of the process took no time: only a request that is captured in full keeps it. */
  private onCacheAccessed(read: CacheAccessed): void {
    if (read.layer !== 'L1') return this.current()?.addRead(read, performance.now());
    const context = currentRequest();
    if (!context) return;
    if (context.recording === undefined) context.recording = this.drawFull() ? new Recording(context.startedAt, true) : light;
    if (context.recording instanceof Recording && context.recording.isFull) context.recording.addRead(read, performance.now());
  }

  /** A stack is worth its price when a statement comes again, in this request or to this endpoint, and its place is not known. */
  private onQueryStarted(query: QueryStarted): void {
    const context = currentRequest();
    const recording = context && this.of(context);
    if (!recording?.isFull) return;
    const fingerprint = this.fingerprints.of(query.text);
    const seen = recording.sight(fingerprint);
    query.needsSite = seen === 1 || (seen === 0 && fingerprint.calls > 0 && !fingerprint.sites.has(context?.endpoint ?? ''));
  }

  private onQueryFinished(query: QueryFinished): void {
    const fingerprint = this.fingerprints.of(query.text);
    const context = currentRequest();
    fingerprint.count(query, context?.endpoint ?? 'background');
    const recording = context && this.of(context);
    if (!context || !recording) return this.listener.queryRecorded(query, fingerprint, undefined);
    const parameters = recording.isFull ? this.mask.mask(query.parameters, fingerprint.salt) : undefined;
    recording.addQuery(query, fingerprint, parameters);
    this.listener.queryRecorded(query, fingerprint, { context, recording, parameters });
  }

  private onConnectionUsed(use: ConnectionUsed): void {
    if (use.error || use.queryCount === 0) this.current()?.addConnection(use);
  }

  private onRequestFinished(fact: RequestFinished): void {
    const context = currentRequest();
    if (!context) return;
    const { recording } = context;
    context.recording = ended;
    if (recording !== ended) this.listener.requestEnded(fact, context, recording instanceof Recording ? recording : undefined);
  }
}
