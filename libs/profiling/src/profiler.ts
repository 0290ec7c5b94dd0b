import { listenerErrors, type RequestContext } from '@app/common';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { MaskingWriter } from './capture/masking-writer.js';
import { OwnCost } from './capture/own-cost.js';
import { ParameterMask } from './capture/parameter-mask.js';
import { Recorder } from './capture/recorder.js';
import type { Recording } from './capture/recording.js';
import type { RequestProfile } from './capture/request-profile.js';
import { RuntimeWatch } from './capture/runtime-watch.js';
import type { StoredFinding } from './findings/finding.js';
import { Inspector, type Instruments } from './findings/inspector.js';
import { GIVEN_OPTIONS, profilingDefaults, type ProfilingOptions } from './profiling.options.js';
import { Fingerprints, type Fingerprint } from './sql/fingerprints.js';
import type { StoreMemory } from './stores/byte-ring.js';
import type { EndpointFigures } from './stores/endpoint-figures.js';

/** How the profiler itself is. */
export interface ProfilerStatus {
  readonly isRunning: boolean;
  readonly sampleRate: number;
  /** Estimated from one event in 61, over all requests since the process began. */
  readonly ownMs: number;
  readonly requests: number;
  /** Errors of listeners of any channel, slow statements that could not be looked at, baselines that could not be read or stored. */
  readonly failures: { readonly listeners: number; readonly plans: number; readonly baselines: number };
  readonly memory: Readonly<
    Record<'requests' | 'findings' | 'statements' | 'watched', Omit<StoreMemory, 'evicted'> & { evicted?: number }>
  >;
}

/**
 * What the profiler knows, for whoever shows it. Figures are of this process alone, since it started. Every read first looks at the
 * requests that have ended meanwhile, so nothing that was answered is missing from it.
 */
@Injectable()
export class Profiler implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly options: ProfilingOptions;
  private readonly instruments: Instruments;
  private readonly inspector: Inspector;
  private readonly recorder: Recorder;

  constructor(@Inject(GIVEN_OPTIONS) given: Partial<ProfilingOptions>) {
    this.options = { ...profilingDefaults, ...given };
    const [mask, fingerprints, cost] = [new ParameterMask(), new Fingerprints(this.options.statementBytes), new OwnCost()];
    const writer = new MaskingWriter(fingerprints, mask);
    this.instruments = { watch: new RuntimeWatch(), cost, mask, fingerprints, writer };
    this.inspector = new Inspector(this.options, this.instruments);
    this.recorder = new Recorder(this.options, fingerprints, writer, cost, this.inspector);
  }

  async onApplicationBootstrap(): Promise<void> {
    if (!this.options.isEnabled) return;
    await this.inspector.regressions.load();
    this.instruments.watch.start();
    this.recorder.start();
  }

  async onApplicationShutdown(): Promise<void> {
    this.recorder.stop();
    this.instruments.watch.stop();
    this.inspector.inspect();
    await this.inspector.examiner.settle();
  }

  /** The recording of the current request; undefined outside requests and while the profiler is off. */
  current(): Recording | undefined {
    return this.recorder.current();
  }

  /** Has a request kept whatever it does, when it has ended. False while the profiler is off. */
  keep(context: RequestContext): boolean {
    const recording = this.recorder.isRunning ? this.recorder.of(context) : undefined;
    if (recording) recording.isWanted = true;
    return recording !== undefined;
  }

  endpoints(): EndpointFigures[] {
    this.inspector.inspect();
    return this.inspector.endpoints.all();
  }

  /** The 95th percentile that an endpoint is compared with, in milliseconds. */
  baselineMs(endpoint: string): number | undefined {
    return this.inspector.regressions.baselineOf(endpoint)?.p95Ms;
  }

  /** The most time in all first. */
  queries(limit: number): Fingerprint[] {
    return this.instruments.fingerprints.top(limit);
  }

  /** Last seen first. */
  findings(): StoredFinding[] {
    this.inspector.inspect();
    return this.inspector.findings.list();
  }

  /** Newest first. */
  requests(): RequestProfile[] {
    this.inspector.inspect();
    return this.inspector.requests.list();
  }

  request(requestId: string): RequestProfile | undefined {
    this.inspector.inspect();
    return this.inspector.requests.find(requestId);
  }

  /** When the plans of all slow statements so far have been looked at. */
  settle(): Promise<void> {
    return this.inspector.examiner.settle();
  }

  status(): ProfilerStatus {
    const { inspector } = this;
    const memory = {
      requests: inspector.requests.memory,
      findings: inspector.findings.memory,
      statements: this.instruments.fingerprints.memory,
      watched: inspector.uncached.memory,
    };
    return {
      isRunning: this.recorder.isRunning,
      sampleRate: this.options.sampleRate,
      ownMs: this.instruments.cost.totalMs,
      requests: this.endpoints().reduce((sum, { durations }) => sum + durations.count, 0),
      failures: { listeners: listenerErrors(), plans: inspector.examiner.failures, baselines: inspector.regressions.failures },
      memory,
    };
  }
}
