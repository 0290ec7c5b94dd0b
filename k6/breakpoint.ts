// How much is too much? The rate climbs evenly until a goal breaks, which ends the run; the summary tells the rate that was reached.
import { mixedLoad } from './lib/behaviour.ts';
import { optionsOf, ramping, thresholdsOf } from './lib/goals.ts';
import type { SummaryData } from './lib/report.ts';
import { settings } from './lib/settings.ts';
import { summaryOf } from './lib/summary.ts';

const least = 50;
const most = settings.rate(4000);
const seconds = settings.seconds(300);
const delayAbortEval = '10s';
const breaking = (threshold: string) => [{ threshold, abortOnFail: true, delayAbortEval }];

export const options = optionsOf(
  { breakpoint: ramping(least, [[most, seconds]]) },
  {
    ...thresholdsOf({ p95: 500, refused: 0.05, droppedPerSecond: most }),
    errors: breaking('rate<0.01'),
    accepted_duration: breaking('p(95)<500'),
    limited: breaking('rate<0.05'),
    shed: breaking('rate<0.05'),
    dropped_iterations: breaking('count<1000'),
  },
);

export function handleSummary(data: SummaryData): Record<string, string> {
  const reached = least + (most - least) * Math.min(1, data.state.testRunDurationMs / 1000 / seconds);
  return summaryOf(data, [`the rate had reached ${Math.round(reached)} requests a second`]);
}

export default mixedLoad;
