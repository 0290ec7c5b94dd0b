// One short load, seen by k6, by the server and by Prometheus: what the three say must be the same, and every query of the dashboards
// and every rule must have something to say.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { findCgroupMemory, readCgroupLimits } from '@app/common';
import { describeIf, describeWith } from '../../apps/api/test/setup/services.js';
import { Cleanup } from '../../tools/bench/systems/children.mjs';
import { findK6 } from '../../tools/load/k6.mjs';
import { dashboardFiles } from '../src/index.js';
import { observeRun, scrape } from './observed-run.fixture.mjs';
import { pintOn, pintOnOne } from './pint.fixture.mjs';

/** What has nothing to say in a calm run of a few seconds, and why. */
const silent = {
  techmart_webhook_delivery_duration_seconds: 'no webhook is registered',
  'techmart_job_runs_total{outcome="failed"}': 'no job fails',
  probe_ssl_earliest_cert_expiry: 'the blackbox exporter belongs to the installation',
  'rate_limit_decisions_total{result=~"limited|shed|denied"}': 'nothing is refused',
  db_replication_lag_seconds: 'the server has no standby: apps/api/test/replication-lag.e2e-spec.ts gives it one',
  db_standby_lag_seconds: 'the server is no standby: the same test asks one',
  redis_memory_max_bytes: 'the Redis of the test has no limit',
  // Of the machine that runs the test: where there is a group or a limit, the queries must have data.
  ...(findCgroupMemory() ? {} : { cgroup_memory_usage_bytes: 'no control group counts the memory of this process' }),
  ...(readCgroupLimits().memoryBytes ? {} : { cgroup_memory_limit_bytes: 'the control group of this process has no limit' }),
  'job:cache_hits:ratio_rate5m': 'a share of less than one read a second, over five minutes, says nothing',
};

const intervals = { $__rate_interval: '1m', $__range: '5m', $__interval: '5s' };
const filled = (expr, job) =>
  Object.entries(intervals)
    .reduce((text, [name, value]) => text.replaceAll(name, value), expr)
    .replaceAll('$job', job)
    .replaceAll(/\$(instance|route)/g, '.+');

const dashboards = [...dashboardFiles()].map(([file, text]) => [file, JSON.parse(text)]);
const panelQueries = dashboards.flatMap(([file, { panels }]) =>
  panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => [`${file}: ${title}`, filled(expr, file === 'load-test.json' ? 'k6' : 'techmart')]),
  ),
);
const annotations = dashboards[0][1].annotations.list.map(({ name, expr }) => [name, expr]);
const variables = dashboards.flatMap(([file, { templating }]) =>
  templating.list
    .filter(({ type }) => type === 'query')
    .map(({ name, query }) => [
      `${file}: ${name}`,
      filled(/^label_values\((.*), \w+\)$/.exec(query)[1], file === 'load-test.json' ? 'k6' : 'techmart'),
    ]),
);

const rulesOf = (file) => parse(readFileSync(join(__dirname, '../../prometheus/rules', file), 'utf8')).groups.flatMap(({ rules }) => rules);
const recorded = rulesOf('recording.yml').map(({ record, expr }) => [record, expr]);

/** The series that a condition judges: all its selectors, whatever they are compared with. */
const words = new Set(
  'sum max min count avg by on and or unless without rate increase time hour vector group_left le job instance slo'.split(' '),
);
const selectorsOf = (expr) =>
  [...expr.replaceAll(/\b(?:by|on) \([^)]*\)/g, ' ').matchAll(/([a-zA-Z_:][\w:]*)(\{[^}]*\})?/g)]
    .filter(([, name], _index) => !words.has(name) && !/^\d/.test(name))
    .map(([text]) => text);
const alertSelectors = rulesOf('alerts.yml').flatMap(({ alert, expr }) =>
  selectorsOf(expr.replaceAll(/\[[^\]]*\]/g, '')).map((selector) => [`${alert}: ${selector}`, selector]),
);

describeIf(findK6() !== undefined, 'k6', () => {
  describeWith('prometheus', () => {
    const cleanup = new Cleanup();
    let observed;

    beforeAll(async () => {
      observed = await observeRun(cleanup);
    }, 120_000);
    afterAll(() => cleanup.run(), 60_000);

    const isSilent = (expr) =>
      Object.keys(silent).some((key) => {
        const [, name, matchers = ''] = /^([\w:]+)(?:\{(.*)\})?$/.exec(key);
        return expr.includes(name) && expr.includes(matchers);
      });

    /** Names of what has no data though it must, or has data though it is said to have none. */
    async function faultsOf(queries) {
      const faults = [];
      for (const [name, expr] of queries) {
        const mayBeEmpty = isSilent(expr);
        const samples = await observed.prometheus.query(expr);
        if (samples.length === 0 && !mayBeEmpty) faults.push(`${name}: ${expr}`);
      }
      return faults;
    }

    it('meets every threshold of the smoke run', () => {
      const { run, report } = observed;
      expect({ code: run.code, output: run.code === 0 ? '' : run.output }).toEqual({ code: 0, output: '' });
      expect(report).toMatchObject({ isPassed: true, errors: 0 });
      expect(report.requests).toBeGreaterThan(100);
    });

    it('asks for every route of the mixed load, and leaves a page of it', () => {
      const { report, page } = observed;
      expect(report.routes.reduce((sum, { requests }) => sum + requests, 0)).toBe(report.requests);
      for (const { route } of report.routes) expect(page).toContain(`<td>${route}</td>`);
    });

    it('counts the same requests in k6, in /metrics and in Prometheus', async () => {
      const { app, prometheus, report } = observed;
      const wanted = Object.fromEntries(report.routes.map(({ route, requests }) => [route.replace('{id}', ':id'), requests]));
      const isLoad = ([method, route]) => `${method} ${route}` in wanted;
      const sums = {};
      for (const [name, { method, route }, value] of await scrape(app)) {
        if (name === 'http_requests_total' && isLoad([method, route]))
          sums[`${method} ${route}`] = (sums[`${method} ${route}`] ?? 0) + value;
      }
      const asked = Object.fromEntries(Object.entries(wanted).filter(([, requests]) => requests > 0));
      expect(sums).toEqual(asked);
      const read = (samples) =>
        Object.fromEntries(samples.map(({ metric, value }) => [`${metric.method} ${metric.route}`, Number(value[1])]));
      const ours = (samples) => Object.fromEntries(Object.entries(read(samples)).filter(([route]) => route in wanted));
      const isEqual = (samples) =>
        JSON.stringify(Object.entries(ours(samples)).toSorted()) === JSON.stringify(Object.entries(asked).toSorted());
      expect(ours(await prometheus.until('sum by (method, route) (http_requests_total)', isEqual))).toEqual(asked);
      const k6 = await prometheus.until('sum(k6_http_reqs_total)', ([sample]) => Number(sample?.value[1]) === report.requests);
      expect(Number(k6[0]?.value[1])).toBe(report.requests);
    });

    it('has data for every query of every panel', async () => {
      expect(await faultsOf(panelQueries)).toEqual([]);
    });

    it('has values for every variable, and knows of this deployment', async () => {
      expect(await faultsOf(variables)).toEqual([]);
      expect(await faultsOf(annotations.filter(([name]) => name === 'Deployments'))).toEqual([]);
    });

    it('has recorded every figure of recording.yml, or its rule had nothing to add up', async () => {
      expect(await faultsOf(recorded.map(([record]) => [record, record]))).toEqual([]);
    });

    it('has the series that every alert judges', async () => {
      expect(await faultsOf(alertSelectors)).toEqual([]);
    });

    describeWith('pint', () => {
      it('finds nothing in the rules: series and labels exist, windows hold scrapes, counters are read as such, no alert comes', async () => {
        const { found, checked, output } = await pintOn(observed.prometheus.url);
        expect([found, found.length > 0 ? output : '']).toEqual([[], '']);
        expect(checked).toBe(rulesOf('recording.yml').length + rulesOf('alerts.yml').length);
      });

      it.each([
        ['a metric that nobody has', 'sum by (job) (http_request_total)', 'promql/series'],
        ['a label that it does not have', 'sum by (job) (db_pool_waiting{pool="a"})', 'promql/series'],
        ['a value that it never had', 'sum by (job) (database_up{job="techmarkt"})', 'promql/series'],
        ['a window of a single scrape', 'sum by (job) (rate(http_requests_total[20s]))', 'promql/rate'],
        ['the rate of a gauge', 'sum by (job) (rate(http_connections_active[5m]))', 'promql/rate'],
        ['a counter taken as it is', 'sum by (job) (http_requests_total)', 'promql/counter'],
        ['a window longer than any of ours', 'sum by (job) (rate(http_requests_total[4d]))', 'promql/range_query'],
        ['sides whose labels never match', 'db_pool_waiting / sum by (job) (http_connections_active)', 'promql/vector_matching'],
        ['a figure of many series', 'http_request_duration_seconds_bucket', 'query/cost'],
      ])('finds %s', async (_name, expr, check) => {
        expect(await pintOnOne(observed.prometheus.url, { record: 'job:one:sum', expr })).toEqual([check]);
      });

      it('finds an alert that would come, and a label that is not its to set', async () => {
        const { alert, ...calm } = rulesOf('alerts.yml').find(({ alert }) => alert === 'JobsFailing');
        const inOne = (fault) => pintOnOne(observed.prometheus.url, { alert, ...calm, ...fault });
        expect(await inOne({ expr: 'max by (job) (up) > 0' })).toEqual(['alerts/count']);
        expect(await inOne({ labels: { severity: 'info', cluster: 'another' } })).toEqual(['labels/conflict']);
      });
    });
  });
});
