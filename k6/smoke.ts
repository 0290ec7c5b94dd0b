// Does everything work at all? A few seconds at a rate that any machine can bear; limits that only a broken server misses.
import { mixedLoad } from './lib/behaviour.ts';
import { optionsOf, steady, thresholdsOf } from './lib/goals.ts';
import { settings } from './lib/settings.ts';

export { handleSummary } from './lib/summary.ts';

const rate = settings.rate(50);

export const options = optionsOf(
  { smoke: steady(rate, settings.seconds(10)) },
  thresholdsOf({ p95: 1000, p99: 2000, refused: 0.01, droppedPerSecond: rate / 20 }),
);

export default mixedLoad;
