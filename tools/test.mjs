// `npm test`: every check in turn, each named with its time; one that fails does not hide the others. Arguments go to jest.
// With ALSO_TEST_DATABASE_URL, a superuser's on another server, the end-to-end tests run once more on that one, but for those which have
// a server of their own or say nothing about one.
// The last line counts them all: `N passed, N failed`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const bin = (name) => join(root, 'node_modules', '.bin', process.platform === 'win32' ? `${name}.cmd` : name);
const results = join(root, '.data', `test-results-${process.pid}.json`);
const totals = { passed: 0, failed: 0, skipped: 0 };

function run(command, args, env = process.env) {
  const startedAt = performance.now();
  const { status } = spawnSync(command, args, { cwd: root, env, stdio: 'inherit', shell: process.platform === 'win32' });
  return { ok: status === 0, seconds: ((performance.now() - startedAt) / 1000).toFixed(1) };
}

function check(name, command, args) {
  process.stdout.write(`\n--- ${name}\n`);
  const { ok, seconds } = run(command, args);
  process.stdout.write(`--- ${name}: ${ok ? 'passed' : 'FAILED'} in ${seconds} s\n`);
  totals[ok ? 'passed' : 'failed'] += 1;
}

function jest(name, args, env) {
  process.stdout.write(`\n--- ${name}\n`);
  mkdirSync(dirname(results), { recursive: true });
  const { ok, seconds } = run(bin('jest'), ['--json', `--outputFile=${results}`, ...args], env);
  process.stdout.write(`--- ${name}: ${ok ? 'passed' : 'FAILED'} in ${seconds} s\n`);
  count(ok);
  rmSync(results, { force: true });
}

/** A suite that could not run has no test to count, yet it has failed; so has a jest that ended badly whatever its report says. */
function count(ok) {
  const report = existsSync(results) ? JSON.parse(readFileSync(results, 'utf8')) : {};
  const failed = (report.numFailedTests ?? 0) + (report.numRuntimeErrorTestSuites ?? 0);
  totals.passed += report.numPassedTests ?? 0;
  totals.failed += ok ? failed : Math.max(failed, 1);
  totals.skipped += (report.numPendingTests ?? 0) + (report.numTodoTests ?? 0);
}

const aboutNoServer = [
  'cache', 'crash', 'database-outage', 'events-process', 'http-contract', 'import-volume', 'metrics', 'mint-tokens', 'openapi-fuzz', 'process',
  'profiling-(?:attribution|captures|foreign-app|places|routes)', 'random-run', 'rate-limit', 'redis-process', 'replicas/', 'tracing',
]; // prettier-ignore

check('type check', process.execPath, ['node_modules/typescript7/bin/tsc', '--noEmit', '-p', 'tsconfig.json']);
check('lint', bin('oxlint'), ['--type-aware', '--deny-warnings', '.']);
check('format', bin('prettier'), ['--check', '--log-level', 'warn', '.']);
check('boundaries', bin('depcruise'), ['--config', '.dependency-cruiser.cjs', 'apps', 'libs']);
const args = process.argv.slice(2);
jest('tests', args);
const { ALSO_TEST_DATABASE_URL: another } = process.env;
if (another) {
  const elsewhere = `/(${aboutNoServer.join('|')})[^/]*\\.e2e-spec`;
  const endToEnd = args.length > 0 ? args : ['--testPathPatterns', 'e2e-spec', '--testPathIgnorePatterns', '/node_modules/', elsewhere];
  jest('end-to-end tests on another server', endToEnd, { ...process.env, TEST_DATABASE_URL: another });
}

const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : '';
process.stdout.write(`\n${totals.passed} passed, ${totals.failed} failed${skipped}\n`);
process.exitCode = totals.failed === 0 ? 0 : 1;
