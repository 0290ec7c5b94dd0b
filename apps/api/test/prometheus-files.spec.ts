import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
