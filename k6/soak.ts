// Half an hour of the mixed load: what leaks, fills up or drifts shows here. While it runs, servers may be stopped and started.
import { mixedLoad } from './lib/behaviour.ts';
import { optionsOf, steady, thresholdsOf } from './lib/goals.ts';
import { settings } from './lib/settings.ts';

export { handleSummary } from './lib/summary.ts';

const rate = settings.rate(200);

export const options = optionsOf(
  { soak: steady(rate, settings.seconds(1800)) },
  thresholdsOf({ p95: 100, p99: 300, refused: 0.01, droppedPerSecond: rate / 1000 }),
);

export default mixedLoad;
