import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { alertRules } from '../src/ops/alerts/alert-rules.js';
import { root, rulesOf, type PrometheusRule } from './monitoring.fixture.js';

/** Alerts of Prometheus on what no process knows of itself: objectives over hours, its own absence, certificates. */
const ofPrometheusAlone = ['TargetDown', 'CertificateExpiring', 'SloBurnFast', 'SloBurnSlow'];

const inPrometheus = rulesOf('prometheus/rules/alerts.yml').filter(({ alert = '' }) => !ofPrometheusAlone.includes(alert));

const seconds = (duration = '0s'): number => Number.parseFloat(duration) * ({ s: 1, m: 60, h: 3600 }[duration.at(-1) ?? ''] ?? Number.NaN);

/** What follows the comparison at the end of the expression. */
function conditionOf({ expr }: PrometheusRule): { comparison: string; threshold: number } {
  const [, operator, threshold] = /([<>])\s*([\d.]+)$/.exec(expr.trim()) ?? [];
  return { comparison: operator === '<' ? 'below' : 'above', threshold: Number(threshold) };
}

const texts = (text = ''): string => text.replaceAll(/\{\{ \$value \| .*? \}\}|\{value\}|\{percent\}/g, '<value>');

describe('the two vocabularies of alerts', () => {
  it('are one: names, severities, thresholds, durations and texts', () => {
    const theirs = inPrometheus.map((rule) => ({
      name: rule.alert,
      severity: rule.labels?.['severity'],
      ...conditionOf(rule),
      forSeconds: seconds(rule.for),
      summary: texts(rule.annotations?.['summary']),
      description: rule.annotations?.['description'],
      runbookUrl: rule.annotations?.['runbook_url'],
    }));
    const ours = alertRules.map(({ figure: _, summary, ...rule }) => ({ ...rule, summary: texts(summary) }));
    const byName = (a: { name: string | undefined }, b: { name: string | undefined }) => (a.name ?? '').localeCompare(b.name ?? '');
    expect(ours.toSorted(byName)).toEqual(theirs.toSorted(byName));
  });

  it('have a section of the runbooks for every alert, and no section of an alert that is gone', () => {
    const headings = [...readFileSync(join(root, 'docs/runbooks.md'), 'utf8').matchAll(/^## (.+)$/gm)].map(([, heading = '']) => heading);
    const alerts = [...new Set(rulesOf('prometheus/rules/alerts.yml').map(({ alert = '' }) => alert))];
    expect(alerts.filter((alert) => !headings.includes(alert))).toEqual([]);
    expect(headings.filter((heading) => !heading.includes(' ') && !alerts.includes(heading))).toEqual([]);
    for (const { alert = '', annotations } of rulesOf('prometheus/rules/alerts.yml'))
      expect(annotations?.['runbook_url']).toBe(`https://techmart.dev/runbooks#${alert.toLowerCase()}`);
  });
});
