// An ordinary day: the mixed load at a steady rate, and the goals of the product.
import { mixedLoad } from './lib/behaviour.ts';
import { optionsOf, ramping, steady, thresholdsOf } from './lib/goals.ts';
import { settings } from './lib/settings.ts';

export { handleSummary } from './lib/summary.ts';

const rate = settings.rate(500);
const warmUp = 15;

export const options = optionsOf(
  { warmUp: ramping(rate / 5, [[rate, warmUp]]), load: steady(rate, settings.seconds(60), warmUp) },
  thresholdsOf({ during: 'load', p95: 50, p99: 200, mean: 20, refused: 0.01, droppedPerSecond: rate / 1000, cacheHits: 0.95 }),
);

export default mixedLoad;
