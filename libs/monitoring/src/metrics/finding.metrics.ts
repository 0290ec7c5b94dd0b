import { findingMade, type FindingMade } from '@app/common';
import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Counter } from 'prom-client';
import { endpointLabels } from '../endpoint-labels.js';

/** An alert reads these: their rows are there before the first finding, or its increase could not be seen. */
const watchedKinds = ['n-plus-one', 'slow-query'] as const;

/** What the profiler finds, by kind and route. */
@Injectable()
export class FindingMetrics implements OnModuleInit, OnModuleDestroy {
  private readonly findings: Counter<'kind' | 'method' | 'route'>;
  private readonly counts = new Map<string, number>();
  private stop: () => void = () => undefined;

  constructor() {
    this.findings = new Counter({
      name: 'profiling_findings_total',
      help: 'Findings of the profiler, each occurrence',
      labelNames: ['kind', 'method', 'route'],
    });
  }

  onModuleInit(): void {
    this.stop = findingMade.subscribe((fact) => this.record(fact));
  }

  onModuleDestroy(): void {
    this.stop();
  }

  /** Shows endpoints, such as `GET /products/:id`, with no findings yet. Prometheus takes a row that begins at 1 for no increase. */
  expect(endpoints: Iterable<string>): void {
    for (const endpoint of endpoints) for (const kind of watchedKinds) this.findings.inc({ kind, ...endpointLabels(endpoint) }, 0);
  }

  /** Occurrences of a kind since the start. */
  count(kind: string): number {
    return this.counts.get(kind) ?? 0;
  }

  private record({ kind, endpoint }: FindingMade): void {
    this.findings.inc({ kind, ...endpointLabels(endpoint) });
    this.counts.set(kind, this.count(kind) + 1);
  }
}
