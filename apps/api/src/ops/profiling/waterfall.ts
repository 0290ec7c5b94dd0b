import { describeParameters, type QueryRecord, type RequestProfile, type StoredFinding } from '@app/profiling';
import type { z } from 'zod';
import type { requestList, requestProfile } from './profiling.dto.js';
import { rounded } from './profiling.view.js';

type ProfileView = z.output<typeof requestProfile>;
type Step = ProfileView['steps'][number];

export function summaryView(profile: RequestProfile): z.output<typeof requestList>['requests'][number] {
  const { requestId, endpoint, statusCode, startedAt, durationMs, because, queryCount, queryMs, cacheMs } = profile;
  return {
    request_id: requestId,
    endpoint,
    status: statusCode,
    started_at: new Date(startedAt),
    duration_ms: rounded(durationMs),
    because: [...because],
    query_count: queryCount,
    query_ms: rounded(queryMs),
    cache_ms: rounded(cacheMs),
  };
}

function step(kind: Step['kind'], name: string, { at, durationMs }: { at: number; durationMs: number }): Step {
  return { kind, name, at_ms: rounded(at), duration_ms: rounded(durationMs), depth: 0, query: null };
}

function queryStep(record: QueryRecord, endpoint: string): Step {
  const { fingerprint, rowCount, readBytes, isInTransaction, errorCode, parameters, site } = record;
  const known = typeof site === 'string' ? site : fingerprint.sites.get(endpoint);
  return {
    ...step('query', fingerprint.text, record),
    query: {
      fingerprint: fingerprint.id,
      rows: rowCount,
      read_bytes: readBytes,
      is_in_transaction: isInTransaction,
      error_code: errorCode ?? null,
      parameters: parameters ? describeParameters(parameters) : null,
      site: known ?? null,
    },
  };
}

/** A wait for a connection comes before the statement that had to wait. */
function querySteps(record: QueryRecord, endpoint: string): Step[] {
  const wait = step('wait', 'for a connection', { at: record.at - record.waitMs, durationMs: record.waitMs });
  return [...(wait.duration_ms > 0 ? [wait] : []), queryStep(record, endpoint)];
}

/** Ordered by beginning, the longer first; each lies within those before it that end later. */
function nested(steps: readonly Step[]): Step[] {
  const open: number[] = [];
  return steps
    .toSorted((a, b) => a.at_ms - b.at_ms || b.duration_ms - a.duration_ms)
    .map((one) => {
      const end = one.at_ms + one.duration_ms;
      while (open.length > 0 && (open.at(-1) ?? 0) < end) open.pop();
      open.push(end);
      return { ...one, depth: open.length - 1 };
    });
}

function stepsOf({ endpoint, handler, serialiseMs, queries, spans, reads }: RequestProfile): Step[] {
  const steps: Step[] = [
    ...queries.flatMap((query) => querySteps(query, endpoint)),
    ...spans.map((span) => step('span', span.name, span)),
    ...reads.map((read) => step('cache', `${read.name}: ${read.result}`, read)),
  ];
  if (handler) steps.push(step('handler', handler.name, handler));
  if (handler && serialiseMs !== undefined) {
    steps.push(step('serialise', 'the answer', { at: handler.at + handler.durationMs, durationMs: serialiseMs }));
  }
  return nested(steps);
}

export function profileView(profile: RequestProfile, findings: readonly StoredFinding[]): ProfileView {
  const { isFull, waitMs, serialiseMs, rowCount, readBytes, bodyBytes, process, dropped } = profile;
  return {
    ...summaryView(profile),
    is_full: isFull,
    wait_ms: rounded(waitMs),
    serialise_ms: serialiseMs === undefined ? null : rounded(serialiseMs),
    rows: rowCount,
    read_bytes: readBytes,
    body_bytes: bodyBytes,
    process: process
      ? {
          cpu_ms: rounded(process.cpuMs),
          heap_growth_bytes: process.heapGrowthBytes,
          gc_ms: rounded(process.gcMs),
          loop_delay_ms: rounded(process.loopDelayMs),
        }
      : null,
    steps: stepsOf(profile),
    dropped,
    findings: findings.map(({ id, kind, title }) => ({ id, kind, title })),
  };
}
