import { currentRequest, newRequestContext, queryFinished, queryStarted, requestFinished, runInRequest, type Clock } from '@app/common';
import type { QueryFinished, RequestContext } from '@app/common';
import { Profiler } from '../src/profiler.js';
import type { ProfilingOptions } from '../src/profiling.options.js';

/** A clock that stands still until a test moves it. */
export class TestClock implements Clock {
  private ms = 1_000_000;

  now = (): number => this.ms;
  monotonic = (): number => this.ms;

  advance(ms: number): void {
    this.ms += ms;
  }
}

/** The sequence of chances that decides which requests are captured in full. */
export const always = (): number => 0;
export const never = (): number => 0.999;

/** A profiler that listens, with the options of a test; stop it with `onApplicationShutdown`. */
export async function startProfiler(options: Partial<ProfilingOptions> = {}): Promise<Profiler> {
  const profiler = new Profiler({ sampleRate: 1, random: always, clock: new TestClock(), ...options });
  await profiler.onApplicationBootstrap();
  return profiler;
}

type Query = Partial<QueryFinished> & { readonly text: string };

/** What the instrumented connection tells of one statement. */
export function tellQuery({ text, parameters = [], ...change }: Query): void {
  const started = { text, parameters, request: currentRequest(), needsSite: false };
  queryStarted.publish(started);
  const facts = { startedAt: 0, durationMs: 1, waitMs: 0, rowCount: 1, rows: undefined, readBytes: 50, isInTransaction: false };
  const site = started.needsSite ? stackHere() : undefined;
  queryFinished.publish({ ...started, ...facts, plan: undefined, error: undefined, site, ...change });
}

/** Its place is in this file. */
function stackHere(): { readonly stack?: string } {
  const captured: { stack?: string } = {};
  Error.captureStackTrace(captured);
  return captured;
}

interface Told {
  readonly id?: string;
  readonly endpoint?: string;
  readonly status?: number;
  readonly durationMs?: number;
  /** Monotonic milliseconds; left out, it begins at 0. */
  readonly endedAt?: number;
  readonly work?: (context: RequestContext) => void;
}

let count = 0;

/** What the request path tells of one request, with what `work` tells inside it. */
export function tellRequest({
  id = `r${(count += 1)}`,
  endpoint = 'GET /things',
  status = 200,
  durationMs = 5,
  endedAt = durationMs,
  work,
}: Told): RequestContext {
  const context = newRequestContext(id, endedAt - durationMs, endpoint);
  const [method = '', route = ''] = endpoint.split(' ');
  runInRequest(context, () => {
    work?.(context);
    requestFinished.publish({ request: context, method, route, statusCode: status, durationMs, responseBytes: context.bodyBytes });
  });
  return context;
}
