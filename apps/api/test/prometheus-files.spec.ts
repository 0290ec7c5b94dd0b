import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { readYaml, root, rulesOf } from './monitoring.fixture.js';
import { describeWith } from './setup/services.js';

const folder = join(root, 'prometheus');

function run(program: string, ...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: folder, encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

interface RuleTests {
  readonly tests: readonly {
    readonly alert_rule_test?: readonly { readonly alertname: string; readonly exp_alerts?: readonly unknown[] }[];
    readonly promql_expr_test?: readonly { readonly expr: string; readonly exp_samples?: readonly unknown[] }[];
  }[];
}

describeWith('promtool', () => {
  it('finds nothing wrong with the configuration', () => {
    const folderOfToken = mkdtempSync(join(tmpdir(), 'techmart-prometheus-'));
    const token = join(folderOfToken, 'metrics_token');
    writeFileSync(token, 'x');
    const checked = join(folder, '.checked.yml');
    writeFileSync(checked, readFileSync(join(folder, 'prometheus.yml'), 'utf8').replace('/run/secrets/metrics_token', token));
    try {
      expect(run('promtool', 'check', 'config', '--lint=all', '--lint-fatal', checked)).toMatchObject({ status: 0 });
    } finally {
      rmSync(checked);
      rmSync(folderOfToken, { recursive: true });
    }
  });

  it('finds nothing to complain of in the rules', () => {
    const { status, output } = run('promtool', 'check', 'rules', '--lint=all', '--lint-fatal', 'rules/recording.yml', 'rules/alerts.yml');
    expect([status, output]).toEqual([0, expect.not.stringMatching(/lint|duplicate|FAILED/i)]);
  });

  it.each(['alerts.test.yml', 'burn.test.yml', 'recording.test.yml'])('sees the rules behave as %s says', (file) => {
    const { status, output } = run('promtool', 'test', 'rules', `rules/${file}`);
    expect([status, output]).toEqual([0, expect.stringContaining('SUCCESS')]);
  });

  it('has a test in which each alert fires and one in which it does not, and one for each recording rule', () => {
    const tests = ['alerts', 'burn', 'recording'].flatMap((file) => readYaml<RuleTests>(`prometheus/rules/${file}.test.yml`).tests);
    const ofAlerts = tests.flatMap(({ alert_rule_test: given = [] }) => given);
    const names = new Set(rulesOf('prometheus/rules/alerts.yml').map(({ alert = '' }) => alert));
    const isTested = (name: string, fires: boolean) =>
      ofAlerts.some((test) => test.alertname === name && (test.exp_alerts ?? []).length > 0 === fires);
    expect([...names].filter((name) => !isTested(name, true) || !isTested(name, false))).toEqual([]);
    const expressions = new Set(tests.flatMap(({ promql_expr_test: given = [] }) => given.map(({ expr }) => expr)));
    const recorded = rulesOf('prometheus/rules/recording.yml').map(({ record = '' }) => record);
    expect(recorded.filter((name) => !expressions.has(name))).toEqual([]);
  });
});

const sound = {
  alert: 'Sound',
  expr: 'max by (job) (x) > 0',
  for: '1m',
  labels: { severity: 'info' },
  annotations: { summary: 'It is', description: 'As it should be.', runbook_url: 'https://techmart.dev/runbooks#sound' },
};
const annotated = (changes: Readonly<Record<string, string | undefined>>) => ({ annotations: { ...sound.annotations, ...changes } });

/** One fault a line, and the check of pint that is there to find it. */
const faults: [string, object, string][] = [
  ['an expression that is none', { ...sound, expr: 'max by (job (x) > 0' }, 'promql/syntax'],
  ['an alert without a condition', { ...sound, expr: 'max by (job) (x)' }, 'alerts/comparison'],
  ['an alert upon one bad moment', { ...sound, for: '15s' }, 'rule/for'],
  ['an alert without patience', { ...sound, for: undefined }, 'rule/for'],
  ['an alert that comes too late', { ...sound, for: '4h' }, 'rule/for'],
  ['a default that is written out', { ...sound, alert: 'JobsFailing', for: '0s' }, 'alerts/for'],
  ['a severity that nobody routes', { ...sound, labels: { severity: 'urgent' } }, 'rule/label'],
  ['an alert without severity', { ...sound, labels: {} }, 'rule/label'],
  ['an alert without summary', { ...sound, ...annotated({ summary: undefined }) }, 'alerts/annotation'],
  ['an alert without description', { ...sound, ...annotated({ description: undefined }) }, 'alerts/annotation'],
  ['an alert without runbook', { ...sound, ...annotated({ runbook_url: undefined }) }, 'alerts/annotation'],
  ['a runbook that is not ours', { ...sound, ...annotated({ runbook_url: 'https://example.com/' }) }, 'alerts/annotation'],
  ['a text with a label that is gone', { ...sound, ...annotated({ summary: '{{ $labels.instance }}' }) }, 'alerts/template'],
  ['a value in a label', { ...sound, labels: { severity: 'info', value: '{{ $value }}' } }, 'alerts/template'],
  ['an alert of no job', { ...sound, expr: 'max(x) > 0' }, 'promql/aggregate'],
  ['an alert whose name is no section', { ...sound, alert: 'not sound' }, 'rule/name'],
  ['a figure whose name says nothing', { record: 'x_sum', expr: 'sum by (job) (x)' }, 'rule/name'],
  ['a figure of a job by instance', { record: 'job:x:sum', expr: 'sum by (job, instance) (x)' }, 'promql/aggregate'],
  ['a figure of an instance without it', { record: 'instance:x:sum', expr: 'sum by (job) (x)' }, 'promql/aggregate'],
  ['a figure of every process', { record: 'job:x:sum', expr: 'sum by (job) (process_open_fds)' }, 'promql/selector'],
  ['a pattern that is a plain text', { record: 'job:x:sum', expr: 'sum by (job) (x{route=~"p"})' }, 'promql/regexp'],
  ['what can match nothing', { ...sound, expr: 'max by (job) (x) > 0 and on (instance) y' }, 'promql/impossible'],
  ['a sum of shares of nothing', { record: 'job:x:sum', expr: 'sum by (job) (x / y)' }, 'promql/nan'],
];

/** The checks that find something, and how many rules were looked at. Whatever asks a Prometheus is left to grafana/test. */
function pint(rules: string): { found: string[]; checked: number; output: string } {
  const place = mkdtempSync(join(tmpdir(), 'techmart-pint-'));
  const report = join(place, 'report.json');
  try {
    const { output } = run('pint', '--no-color', '--offline', 'lint', '--min-severity=info', '--json', report, rules);
    const found = JSON.parse(readFileSync(report, 'utf8')) as { reporter: string }[];
    return { found: found.map(({ reporter }) => reporter), checked: Number(/ entries=(\d+) /.exec(output)?.[1]), output };
  } finally {
    rmSync(place, { recursive: true });
  }
}

function pintOnOne(rule: object): string[] {
  const place = mkdtempSync(join(tmpdir(), 'techmart-rule-'));
  try {
    writeFileSync(join(place, 'rule.yml'), stringify({ groups: [{ name: 'one', rules: [rule] }] }));
    return pint(place).found;
  } finally {
    rmSync(place, { recursive: true });
  }
}

describeWith('pint', () => {
  it('finds nothing in the rules, not even a remark, and has looked at them all', () => {
    const files = readdirSync(join(folder, 'rules')).filter((file) => !file.endsWith('.test.yml'));
    const { found, checked, output } = pint('rules');
    expect([found, found.length > 0 ? output : '']).toEqual([[], '']);
    expect(checked).toBe(files.flatMap((file) => rulesOf(`prometheus/rules/${file}`)).length);
    expect(checked).toBeGreaterThan(50);
  });

  it('finds nothing in a sound alert and a sound figure', () => {
    expect([pintOnOne(sound), pintOnOne({ record: 'job:x:sum', expr: 'sum by (job) (x)' })]).toEqual([[], []]);
  });

  it.each(faults)('finds %s', (_name, rule, check) => expect(pintOnOne(rule)).toEqual([check]));

  it('leaves out what a comment names, with its reason, and nothing else', () => {
    const lines = ['recording.yml', 'alerts.yml'].flatMap((file) => readFileSync(join(folder, 'rules', file), 'utf8').split('\n'));
    const orders = lines.flatMap((line, at) => (line.includes('# pint ') ? [[lines[at - 1]?.trim() ?? '', line.trim()] as const] : []));
    expect(orders.map(([, order]) => order)).toEqual([
      '# pint disable promql/series(job:cache_hits:ratio_rate5m)',
      '# pint disable promql/series(probe_ssl_earliest_cert_expiry)',
    ]);
    for (const [reason] of orders) expect(reason).toMatch(/^# [A-Z].*\.$/);
    expect(readFileSync(join(folder, '.pint.hcl'), 'utf8')).not.toMatch(/\bdisabled? *=/);
  });
});

describeWith('amtool', () => {
  const receiverOf = (...labels: string[]): string =>
    execFileSync('amtool', ['config', 'routes', 'test', '--config.file=alertmanager.yml', ...labels], {
      cwd: folder,
      encoding: 'utf8',
    }).trim();

  it('finds nothing wrong with the configuration', () => {
    expect(run('amtool', 'check-config', 'alertmanager.yml')).toMatchObject({ status: 0, output: expect.stringContaining('SUCCESS') });
  });

  it.each([
    [['alertname=DatabaseDown', 'severity=critical'], 'on-call'],
    [['alertname=RedisDown', 'severity=warning'], 'tickets'],
    [['alertname=LowStock', 'severity=info'], 'notices'],
    [['alertname=SomethingNew'], 'tickets'],
  ])('routes %j to %s', (labels, receiver) => expect(receiverOf(...labels)).toBe(receiver));

  it('names in its inhibitions alerts that exist', () => {
    const names = new Set(rulesOf('prometheus/rules/alerts.yml').map(({ alert = '' }) => alert));
    const { inhibit_rules: rules } = readYaml<{ inhibit_rules: { source_matchers: string[]; target_matchers: string[] }[] }>('prometheus/alertmanager.yml'); // prettier-ignore
    const matchers = rules.flatMap(({ source_matchers: sources, target_matchers: targets }) => [...sources, ...targets]);
    const named = matchers.flatMap((matcher) =>
      matcher
        .replace(/^alertname =~? ?/, '')
        .replaceAll('"', '')
        .split('|'),
    );
    expect(named.filter((name) => ![...names].some((known) => new RegExp(`^${name}$`).test(known)))).toEqual([]);
  });
});
