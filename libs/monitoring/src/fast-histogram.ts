import { Histogram, type HistogramConfiguration } from 'prom-client';

/** Labels of an exemplar: what leads from a bucket to one request that fell into it. */
export interface Exemplar {
  readonly labelSet: Readonly<Record<string, string>>;
  readonly value: number;
  /** Seconds since the epoch. */
  readonly timestamp: number;
}

/** One labelled row of a `FastHistogram`. `observe` costs a walk over the bucket bounds and three additions. */
export class HistogramSeries<Labels extends string = string> {
  count = 0;
  sum = 0;
  /** Observations of each bucket alone; they are added up when they are read. The last one has no upper bound. */
  readonly buckets: Float64Array;
  readonly exemplars: (Exemplar | undefined)[];

  constructor(
    readonly labels: Readonly<Partial<Record<Labels, string>>>,
    private readonly bounds: readonly number[],
  ) {
    this.buckets = new Float64Array(bounds.length + 1);
    this.exemplars = Array.from({ length: bounds.length + 1 });
  }

  /** Returns the index of the bucket that it fell into, for `exemplars`. */
  observe(value: number): number {
    let index = 0;
    while (index < this.bounds.length && value > (this.bounds[index] ?? Infinity)) index += 1;
    this.buckets[index] = (this.buckets[index] ?? 0) + 1;
    this.sum += value;
    this.count += 1;
    return index;
  }
}

interface Sample {
  readonly labels: Record<string, string | number>;
  readonly value: number;
  readonly metricName: string;
  readonly exemplar?: Exemplar;
}

/**
 * A histogram whose rows are held by the caller. prom-client looks a row up by its labels on each observation, which costs about
 * 1.7 µs with three of them; the request path can keep the row instead. The rows are never removed: give it bounded labels.
 */
export class FastHistogram<Labels extends string> extends Histogram<Labels> {
  readonly series: HistogramSeries<Labels>[] = [];
  private readonly name: string;
  private readonly help: string;
  private readonly bounds: readonly number[];

  constructor(configuration: HistogramConfiguration<Labels> & { readonly buckets: number[] }) {
    super(configuration);
    this.name = configuration.name;
    this.help = configuration.help;
    this.bounds = configuration.buckets;
  }

  /** A new row; asking twice for the same labels makes two rows of one name, which Prometheus refuses. */
  addSeries(labels: Partial<Record<Labels, string>>): HistogramSeries<Labels> {
    const series = new HistogramSeries<Labels>(labels, this.bounds);
    this.series.push(series);
    return series;
  }

  override get(): ReturnType<Histogram<Labels>['get']> {
    const values = this.series.flatMap((series) => this.samples(series));
    // prom-client's type knows neither `le` nor exemplars among the values.
    return Promise.resolve({ name: this.name, help: this.help, type: 'histogram', values, aggregator: 'sum' } as never);
  }

  /** What the registry's text format is made of. */
  getForPromString() {
    return this.get();
  }

  private samples({ labels, buckets, exemplars, sum, count }: HistogramSeries<Labels>): Sample[] {
    const given = labels as Record<string, string>;
    let total = 0;
    const rows = Array.from(buckets, (own, index): Sample => {
      total += own;
      const exemplar = exemplars[index];
      const le = this.bounds[index] ?? '+Inf';
      return { labels: { ...given, le }, value: total, metricName: `${this.name}_bucket`, ...(exemplar ? { exemplar } : {}) };
    });
    return [
      ...rows,
      { labels: given, value: sum, metricName: `${this.name}_sum` },
      { labels: given, value: count, metricName: `${this.name}_count` },
    ];
  }
}
