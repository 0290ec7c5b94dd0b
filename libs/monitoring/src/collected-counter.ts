import { Counter } from 'prom-client';

/** A counter that is filled anew at each scrape, from tallies that cost less to keep than a look-up by labels. */
export function addCounter<L extends string>(
  name: string,
  help: string,
  { labelNames: names }: { labelNames: readonly L[] },
  fill: () => void,
) {
  return new Counter<L>({
    name,
    help,
    labelNames: [...names],
    collect() {
      this.reset();
      fill();
    },
  });
}
