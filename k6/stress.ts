// More than it was made for, step by step: it may refuse what is too much (429, 503), but may not fail, nor make the accepted wait.
import { mixedLoad } from './lib/behaviour.ts';
import { optionsOf, ramping, thresholdsOf } from './lib/goals.ts';
import { settings } from './lib/settings.ts';

export { handleSummary } from './lib/summary.ts';

const rate = settings.rate(500);
const seconds = settings.seconds(120);
const steps = [1, 2, 3, 4];
const climb = Math.min(5, seconds / steps.length / 4);

export const options = optionsOf(
  {
    stress: ramping(
      rate / 5,
      steps.flatMap((step): [number, number][] => [
        [step * rate, Math.ceil(climb)],
        [step * rate, Math.ceil(seconds / steps.length - climb)],
      ]),
    ),
  },
  thresholdsOf({ p95: 500, p99: 1000, refused: 1, droppedPerSecond: rate / 10 }),
);

export default mixedLoad;
