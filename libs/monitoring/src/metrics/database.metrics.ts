import { exhaustedResource, exhaustibleResources, queryFinished, type QueryFinished } from '@app/common';
import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Counter } from 'prom-client';
import { FastHistogram, type HistogramSeries } from '../fast-histogram.js';

/** Seconds. */
const bounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

const kinds = ['select', 'insert', 'update', 'delete', 'transaction', 'other'] as const;
export type StatementKind = (typeof kinds)[number];

const byFirstWord: Readonly<Record<string, StatementKind>> = {
  SELECT: 'select',
  INSERT: 'insert',
  UPDATE: 'update',
  DELETE: 'delete',
  BEGIN: 'transaction',
  START: 'transaction',
  COMMIT: 'transaction',
  ROLLBACK: 'transaction',
  SAVEPOINT: 'transaction',
  RELEASE: 'transaction',
};

/** What a statement does, by its first word; one that begins with a common table expression, by the last verb at its outer level. */
export function kindOf(text: string): StatementKind {
  const first = /[a-z]+/i.exec(text)?.[0].toUpperCase() ?? '';
  if (first !== 'WITH') return byFirstWord[first] ?? 'other';
  let depth = 0;
  let kind: StatementKind = 'other';
  for (const [token] of text.matchAll(/'(?:[^']|'')*'|[()]|\b(?:SELECT|INSERT|UPDATE|DELETE)\b/gi)) {
    if (token === '(') depth += 1;
    else if (token === ')') depth -= 1;
    else if (depth === 0 && !token.startsWith("'") && kind === 'other') kind = byFirstWord[token.toUpperCase()] ?? 'other';
  }
  return kind;
}

/** Each statement, by what it does. Kinds are remembered by text: an application has a bounded set of them. */
@Injectable()
export class DatabaseMetrics implements OnModuleInit, OnModuleDestroy {
  private readonly remembered = new Map<string, StatementKind>();
  private readonly durations: Record<StatementKind, HistogramSeries>;
  private readonly waits: HistogramSeries;
  private readonly errors: Counter<'kind'>;
  private readonly exhausted: Counter<'resource'>;
  private exhaustions = 0;
  private stop: () => void = () => undefined;

  constructor() {
    const help = 'Seconds from handing a statement to a connection to its last row';
    const queries = new FastHistogram<'kind'>({ name: 'db_query_duration_seconds', help, labelNames: ['kind'], buckets: bounds });
    this.durations = Object.fromEntries(kinds.map((kind) => [kind, queries.addSeries({ kind })])) as Record<StatementKind, HistogramSeries>;
    const waited = 'Seconds that a statement or transaction waited for a connection';
    this.waits = new FastHistogram<string>({ name: 'db_connection_wait_seconds', help: waited, buckets: bounds }).addSeries({});
    this.errors = new Counter({ name: 'db_errors_total', help: 'Statements that failed', labelNames: ['kind'] });
    for (const kind of kinds) this.errors.inc({ kind }, 0);
    const ranOut = 'Statements that failed because the database server has run out of something';
    this.exhausted = new Counter({ name: 'db_exhausted_total', help: ranOut, labelNames: ['resource'] });
    for (const resource of exhaustibleResources) this.exhausted.inc({ resource }, 0);
  }

  onModuleInit(): void {
    this.stop = queryFinished.subscribe((fact) => this.record(fact));
  }

  onModuleDestroy(): void {
    this.stop();
  }

  /** Since the start: statements, and the seconds that they took. */
  totals(): { readonly queries: number; readonly seconds: number } {
    const all = Object.values(this.durations);
    return { queries: all.reduce((sum, { count }) => sum + count, 0), seconds: all.reduce((sum, series) => sum + series.sum, 0) };
  }

  /** Since the start: statements that failed for want of disk or memory. */
  get exhaustionCount(): number {
    return this.exhaustions;
  }

  private record({ text, durationMs, waitMs, error }: QueryFinished): void {
    const kind = this.kind(text);
    this.durations[kind].observe(durationMs / 1000);
    if (kind !== 'transaction' || waitMs > 0) this.waits.observe(waitMs / 1000);
    if (error) this.recordError(kind, error);
  }

  private recordError(kind: StatementKind, error: Error): void {
    this.errors.inc({ kind });
    const resource = exhaustedResource((error as { code?: unknown }).code);
    if (resource === undefined) return;
    this.exhausted.inc({ resource });
    this.exhaustions += 1;
  }

  private kind(text: string): StatementKind {
    const known = this.remembered.get(text);
    if (known) return known;
    if (this.remembered.size >= 1000) this.remembered.clear();
    const kind = kindOf(text);
    this.remembered.set(text, kind);
    return kind;
  }
}
