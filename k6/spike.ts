// A promotion: five times the load from one second to the next, for a while, then back. Besides 429 and 503 nothing fails, what is
// accepted stays fast, and ten seconds after the peak all is as before.
import { mixedLoad } from './lib/behaviour.ts';
import { optionsOf, steady, thresholdsOf } from './lib/goals.ts';
import { settings } from './lib/settings.ts';

export { handleSummary } from './lib/summary.ts';

const rate = settings.rate(200);
const seconds = settings.seconds(60);
const quiet = 20;
const settling = 10;

export const options = optionsOf(
  {
    before: steady(rate, quiet),
    peak: steady(5 * rate, seconds, quiet),
    settling: steady(rate, settling, quiet + seconds),
    after: steady(rate, quiet, quiet + seconds + settling),
  },
  thresholdsOf(
    { p95: 200, refused: 1, droppedPerSecond: rate / 10 },
    {
      'accepted_duration{scenario:before}': ['p(95)<50'],
      'accepted_duration{scenario:peak}': ['p(95)<200'],
      'accepted_duration{scenario:after}': ['p(95)<50'],
      'limited{scenario:after}': ['rate<0.01'],
      'shed{scenario:after}': ['rate<0.01'],
    },
  ),
);

export default mixedLoad;
