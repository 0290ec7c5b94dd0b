import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { stopChild } from '../bench/systems/children.mjs';
import { findProgram } from '../bench/systems/programs.mjs';
import { root } from '../bench/systems/places.mjs';

/** The version that the scripts were written for, and that CI installs. */
export const k6Version = 'v1.8.1';

const installed = join(root, '.data', 'tools', 'bin', 'k6');

/** Where k6 is: on the PATH, or where CI puts it; undefined when it is in neither place. */
export const findK6 = () => findProgram('k6') ?? (existsSync(installed) ? installed : undefined);

export function requireK6(find = findK6) {
  const found = find();
  if (found !== undefined) return found;
  throw new Error(
    `npm run load needs k6, which is neither on the PATH nor in .data/tools/bin. With Go 1.25 or later:\n` +
      `  GOBIN="$PWD/.data/tools/bin" go install go.k6.io/k6@${k6Version}`,
  );
}

/** The longest that a run may take, in milliseconds: scripts end by themselves, and this ends a k6 that does not. */
const longest = (seconds) => (Math.max(seconds ?? 0, 1800) + 300) * 1000;

const remoteWrite = (url, run) =>
  url === undefined
    ? { parameters: [], env: {} }
    : {
        parameters: ['--out', 'experimental-prometheus-rw', '--tag', 'job=k6', '--tag', `instance=${run}`],
        env: {
          K6_PROMETHEUS_RW_SERVER_URL: new URL('/api/v1/write', url).href,
          K6_PROMETHEUS_RW_TREND_STATS: 'p(50),p(95),p(99),avg,max',
          K6_PROMETHEUS_RW_PUSH_INTERVAL: '1s',
        },
      };

/**
 * Runs a script of k6/ to its end and gives its exit code: 0, 99 when a threshold was missed, anything else is a failure of the run.
 * Beside the summary it leaves `<report>-timeline.html`, k6's own page of the figures over time.
 */
export async function runK6(script, { cleanup, target, worldFile, run, report, rate, seconds, prometheus }) {
  mkdirSync(dirname(report), { recursive: true });
  const { parameters, env } = remoteWrite(prometheus, run);
  const own = {
    TARGET_URL: target,
    WORLD: worldFile,
    RUN: run,
    REPORT: report,
    ...(rate === undefined ? {} : { RATE: String(rate) }),
    ...(seconds === undefined ? {} : { SECONDS: String(seconds) }),
  };
  const settings = Object.entries(own).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
  const timeline = { K6_WEB_DASHBOARD: 'true', K6_WEB_DASHBOARD_PORT: '-1', K6_WEB_DASHBOARD_PERIOD: '1s' };
  const child = spawn(requireK6(), ['run', '--quiet', ...parameters, ...settings, join(root, 'k6', `${script}.ts`)], {
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      K6_NO_USAGE_REPORT: 'true',
      ...timeline,
      K6_WEB_DASHBOARD_EXPORT: `${report}-timeline.html`,
      ...env,
    },
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: longest(seconds),
  });
  cleanup.defer(() => stopChild(child));
  const [code, signal] = await once(child, 'exit');
  if (signal !== null) throw new Error(`k6 was ended by ${signal}`);
  return code;
}
