import { cacheAccessed, type CacheAccessed } from '@app/common';
import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { addCounter } from '../collected-counter.js';
import { FastHistogram, type HistogramSeries } from '../fast-histogram.js';

/** Seconds. */
const bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

const labelNames = ['layer', 'type', 'result'] as const;
const answers: ReadonlySet<CacheAccessed['result']> = new Set(['hit', 'stale', 'negative']);

interface Tally {
  readonly labels: Record<(typeof labelNames)[number], string>;
  count: number;
}

/** Each read of the cache, by who had the answer. One look-up by name and one by number per read; the application bounds the types. */
@Injectable()
export class CacheMetrics implements OnModuleInit, OnModuleDestroy {
  private readonly byType = new Map<string, Map<string, Tally>>();
  private readonly loads: FastHistogram<'type'>;
  private readonly loadsByType = new Map<string, HistogramSeries<'type'>>();
  private readonly sums = { reads: 0, answered: 0 };
  private stop: () => void = () => undefined;

  constructor() {
    const operations = addCounter('cache_operations_total', 'Reads of the cache', { labelNames }, () => {
      for (const tallies of this.byType.values()) for (const { labels, count } of tallies.values()) operations.inc(labels, count);
    });
    const help = 'Seconds that loading a value took which no layer had';
    this.loads = new FastHistogram({ name: 'cache_load_duration_seconds', help, labelNames: ['type'], buckets: bounds });
  }

  /** Since the start: all reads, and those that a layer answered. */
  get totals(): Readonly<{ reads: number; answered: number }> {
    return this.sums;
  }

  onModuleInit(): void {
    this.stop = cacheAccessed.subscribe((fact) => this.record(fact));
  }

  onModuleDestroy(): void {
    this.stop();
  }

  private record({ type, layer, result, loadMs }: CacheAccessed): void {
    this.tally(type, layer, result).count += 1;
    this.sums.reads += 1;
    if (answers.has(result)) this.sums.answered += 1;
    if (loadMs > 0) this.loadsOf(type).observe(loadMs / 1000);
  }

  private tally(type: string, layer: string, result: string): Tally {
    const tallies = this.byType.get(type) ?? this.addType(type);
    const key = layer + result;
    const known = tallies.get(key);
    if (known) return known;
    const tally: Tally = { labels: { layer: layer.toLowerCase(), type, result }, count: 0 };
    tallies.set(key, tally);
    return tally;
  }

  private addType(type: string): Map<string, Tally> {
    const tallies = new Map<string, Tally>();
    this.byType.set(type, tallies);
    return tallies;
  }

  private loadsOf(type: string): HistogramSeries<'type'> {
    const known = this.loadsByType.get(type);
    if (known) return known;
    const series = this.loads.addSeries({ type });
    this.loadsByType.set(type, series);
    return series;
  }
}
