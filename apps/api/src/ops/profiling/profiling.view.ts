import type { EndpointFigures, Fingerprint, PlanNode, ProfilerStatus, StoredFinding } from '@app/profiling';
import type { z } from 'zod';
import type { endpointList, findingList, profilerStatus, statementList } from './profiling.dto.js';
import type { ServerFigures } from './statement-statistics.repository.js';

type EndpointView = z.output<typeof endpointList>['endpoints'][number];
type StatementView = z.output<typeof statementList>['statements'][number];
type FindingView = z.output<typeof findingList>['findings'][number];
type PlanView = NonNullable<FindingView['plan']>;

/** Thousandths are as fine as anything here is measured. */
export const rounded = (value: number): number => Math.round(value * 1000) / 1000;

const memoryView = ({ bytes, limitBytes, evicted = 0 }: ProfilerStatus['memory']['requests']) => ({
  bytes,
  limit_bytes: limitBytes,
  evicted,
});

export function statusView({ isRunning, sampleRate, requests, ownMs, failures, memory }: ProfilerStatus): z.output<typeof profilerStatus> {
  return {
    is_running: isRunning,
    sample_rate: sampleRate,
    requests,
    own_ms: rounded(ownMs),
    own_us_per_request: rounded((ownMs * 1000) / Math.max(1, requests)),
    failures,
    memory: {
      requests: memoryView(memory.requests),
      findings: memoryView(memory.findings),
      statements: memoryView(memory.statements),
      watched: memoryView(memory.watched),
    },
  };
}

export function endpointView(figures: EndpointFigures, baselineMs: number | undefined): EndpointView {
  const { endpoint, durations, failed, queryCount, queryMs, mostQueries, captured, cpuMs, heapGrowthBytes } = figures;
  const { count, totalMs, maxMs } = durations;
  return {
    endpoint,
    requests: count,
    failed,
    mean_ms: rounded(totalMs / count),
    p50_ms: rounded(durations.percentile(0.5)),
    p95_ms: rounded(durations.percentile(0.95)),
    p99_ms: rounded(durations.percentile(0.99)),
    max_ms: rounded(maxMs),
    baseline_p95_ms: baselineMs === undefined ? null : rounded(baselineMs),
    queries_per_request: rounded(queryCount / count),
    most_queries: mostQueries,
    database_share: rounded(Math.min(1, queryMs / totalMs)),
    captured,
    cpu_ms: captured === 0 ? null : rounded(cpuMs / captured),
    heap_growth_bytes: captured === 0 ? null : Math.round(heapGrowthBytes / captured),
  };
}

function serverView(figures: ServerFigures | undefined): StatementView['server'] {
  if (!figures) return null;
  const { calls, totalMs, rows, sharedBlocksHit, sharedBlocksRead } = figures;
  return { calls, total_ms: rounded(totalMs), rows, shared_blocks_hit: sharedBlocksHit, shared_blocks_read: sharedBlocksRead };
}

export function statementView(fingerprint: Fingerprint, server: ServerFigures | undefined): StatementView {
  const { id, text, kind, calls, errors, totalMs, maxMs, waitMs, rowCount, readBytes, endpoints, sites } = fingerprint;
  return {
    fingerprint: id,
    text,
    kind,
    calls,
    errors,
    total_ms: rounded(totalMs),
    mean_ms: rounded(totalMs / calls),
    max_ms: rounded(maxMs),
    wait_ms: rounded(waitMs),
    rows: rowCount,
    read_bytes: readBytes,
    endpoints: [...endpoints].map(([endpoint, times]) => ({ endpoint, calls: times, site: sites.get(endpoint) ?? null })),
    server: serverView(server),
  };
}

function planView(plan: PlanNode): PlanView {
  const { sortKey, plannedRows, totalCost, actualRows, removedRows, children, ...same } = plan;
  return {
    ...same,
    ...(sortKey ? { sort_key: [...sortKey] } : {}),
    planned_rows: plannedRows,
    total_cost: totalCost,
    ...(actualRows === undefined ? {} : { actual_rows: actualRows }),
    ...(removedRows === undefined ? {} : { removed_rows: removedRows }),
    children: children.map(planView),
  };
}

const roundedFigure = (figure: number | string | boolean) => (typeof figure === 'number' ? rounded(figure) : figure);

export function findingView(finding: StoredFinding): FindingView {
  const { id, kind, endpoint, title, fix, sql, statement, site, figures, plan, occurrences, firstSeenAt, lastSeenAt, requestIds } = finding;
  return {
    id,
    kind,
    endpoint,
    title,
    fix,
    sql: sql ?? null,
    statement: statement ? { fingerprint: statement.id, text: statement.text } : null,
    site: site ?? null,
    figures: Object.fromEntries(Object.entries(figures).map(([name, figure]) => [name, roundedFigure(figure)])),
    plan: plan ? planView(plan) : null,
    occurrences,
    first_seen_at: new Date(firstSeenAt),
    last_seen_at: new Date(lastSeenAt),
    request_ids: [...requestIds],
  };
}
