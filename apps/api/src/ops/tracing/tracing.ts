import {
  cacheAccessed,
  callFinished,
  callStarted,
  currentRequest,
  queryFinished,
  requestFinished,
  type CacheAccessed,
  type CallFinished,
  type CallStarted,
  type QueryFinished,
  type RequestContext,
  type RequestFinished,
} from '@app/common';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Context, type Span, type Tracer } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor, ParentBasedSampler, TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace-base';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { performance } from 'node:perf_hooks';
import type { Config } from '../../config.js';
import { formatTraceparent, parseTraceparent } from '../../http/traceparent.js';
import { version } from '../../version.js';

/** How long the collector may take; spans that it does not take are lost, and nothing waits for them but the end of the process. */
const exportTimeoutMs = 2000;

const epochMs = (monotonicMs: number): number => performance.timeOrigin + monotonicMs;

/** Spans made from what the channels tell: of each request, its statements and cache reads, and of calls to other servers. */
class Traces {
  private readonly spans = new WeakMap<RequestContext, Span>();
  private readonly calls = new WeakMap<object, Span>();

  constructor(private readonly tracer: Tracer) {}

  begin({ context, method, headers }: FastifyRequest): void {
    const parent = parseTraceparent(headers.traceparent);
    const remote = parent && { traceId: parent.traceId, spanId: parent.spanId, traceFlags: Number(parent.isSampled), isRemote: true };
    const from = remote ? trace.setSpanContext(ROOT_CONTEXT, remote) : ROOT_CONTEXT;
    const startTime = epochMs(context.startedAt);
    const span = this.tracer.startSpan(
      context.endpoint,
      { kind: SpanKind.SERVER, startTime, attributes: { 'http.request.method': method } },
      from,
    );
    this.spans.set(context, span);
    context.traceId = span.spanContext().traceId;
  }

  end({ request, route, statusCode }: RequestFinished): void {
    const span = request && this.spans.get(request);
    if (!span) return;
    span.setAttributes({ 'http.route': route, 'http.response.status_code': statusCode });
    if (statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  }

  query({ text, startedAt, durationMs, rowCount, error }: QueryFinished): void {
    const parent = this.parent();
    if (!parent) return;
    const name = /\w+/.exec(text)?.[0].toUpperCase() ?? 'QUERY';
    const attributes = { 'db.system.name': 'postgresql', 'db.query.text': text, 'db.response.returned_rows': rowCount };
    const span = this.tracer.startSpan(name, { kind: SpanKind.CLIENT, startTime: epochMs(startedAt), attributes }, parent);
    if (error) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end(epochMs(startedAt + durationMs));
  }

  /** Reads of the process's own memory take no time that could be seen. */
  cache({ type, layer, result, durationMs }: CacheAccessed): void {
    const parent = layer === 'L1' ? undefined : this.parent();
    if (!parent) return;
    const endedAt = performance.now();
    const attributes = { 'cache.layer': layer, 'cache.result': result };
    this.tracer.startSpan(`cache ${type}`, { startTime: epochMs(endedAt - durationMs), attributes }, parent).end(epochMs(endedAt));
  }

  callStarted({ origin, headers }: CallStarted): void {
    const attributes = { 'http.request.method': 'POST', 'server.address': origin };
    const span = this.tracer.startSpan(`POST ${origin}`, { kind: SpanKind.CLIENT, attributes }, this.current() ?? ROOT_CONTEXT);
    const { traceId, spanId, traceFlags } = span.spanContext();
    headers['traceparent'] = formatTraceparent({ traceId, spanId, isSampled: (traceFlags & 1) === 1 });
    this.calls.set(headers, span);
  }

  callFinished({ headers, statusCode }: CallFinished): void {
    const span = this.calls.get(headers);
    if (statusCode !== undefined) span?.setAttribute('http.response.status_code', statusCode);
    if (statusCode === undefined || statusCode >= 400) span?.setStatus({ code: SpanStatusCode.ERROR });
    span?.end();
  }

  /** Undefined in requests that are not sampled, too. */
  private parent(): Context | undefined {
    const current = this.current();
    return current && trace.getSpan(current)?.isRecording() ? current : undefined;
  }

  /** The request's; undefined outside requests. What it calls is sampled as it is itself. */
  private current(): Context | undefined {
    const context = currentRequest();
    const span = context && this.spans.get(context);
    return span && trace.setSpan(ROOT_CONTEXT, span);
  }
}

/** Sends traces to a collector (OTLP over HTTP) until the server closes. Loaded only where an endpoint is configured. */
export function startTracing(server: FastifyInstance, { endpoint, sampleRatio }: Config['tracing']): void {
  const url = new URL('v1/traces', endpoint?.endsWith('/') ? endpoint : `${endpoint}/`).href;
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'techmart', 'service.version': version }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(sampleRatio) }),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url, timeoutMillis: exportTimeoutMs }))],
  });
  const traces = new Traces(provider.getTracer('techmart'));
  server.addHook('onRequest', (request, _reply, done) => {
    traces.begin(request);
    done();
  });
  const stops = [
    requestFinished.subscribe((fact) => traces.end(fact)),
    queryFinished.subscribe((fact) => traces.query(fact)),
    cacheAccessed.subscribe((fact) => traces.cache(fact)),
    callStarted.subscribe((fact) => traces.callStarted(fact)),
    callFinished.subscribe((fact) => traces.callFinished(fact)),
  ];
  server.addHook('onClose', async () => {
    for (const stop of stops) stop();
    // A collector that is away keeps no process from ending.
    await provider.shutdown().catch(() => undefined);
  });
}
