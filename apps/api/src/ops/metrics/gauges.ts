import { Gauge } from 'prom-client';

type Labelled = readonly (readonly [label: string, value: number])[];

/** A gauge whose value is read when it is scraped; without one, it has no row. */
export function addGauge(name: string, help: string, read: () => number | undefined): void {
  const gauge: Gauge = new Gauge({
    name,
    help,
    collect: () => {
      const value = read();
      gauge.remove();
      if (value !== undefined) gauge.set(value);
    },
  });
}

/** The same with a row for each value of one label. */
export function addGaugeBy(label: string, name: string, help: string, read: () => Labelled): void {
  const gauge: Gauge = new Gauge({
    name,
    help,
    labelNames: [label],
    collect: () => {
      gauge.reset();
      for (const [of, value] of read()) gauge.set({ [label]: of }, value);
    },
  });
}
