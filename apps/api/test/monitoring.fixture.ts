import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { TestApp } from './app.harness.js';

export const root = join(__dirname, '../../..');

export const readYaml = <T>(path: string): T => parse(readFileSync(join(root, path), 'utf8'), { merge: true }) as T;

export interface PrometheusRule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export const rulesOf = (path: string): PrometheusRule[] =>
  readYaml<{ groups: { rules: PrometheusRule[] }[] }>(path).groups.flatMap(({ rules }) => rules);

const words = new Set(['by', 'on', 'and', 'or', 'unless', 'ignoring', 'without', 'group_left', 'group_right', 'offset', 'bool']);

/** The metrics that an expression reads: names that are neither words of PromQL, nor functions, nor labels. */
export function metricsIn(expression: string): string[] {
  const bare = expression
    .replaceAll(/\{[^}]*\}/g, '')
    .replaceAll(/\[[^\]]*\]/g, '')
    .replaceAll(/\b(by|on|ignoring|without)\s*\([^)]*\)/g, '');
  const names = [...bare.matchAll(/[a-zA-Z_:][a-zA-Z0-9_:]*(?!\w*\s*\()/g)].map(([name]) => name);
  return [...new Set(names)].filter((name) => !words.has(name) && !new RegExp(`\\b${name}\\s*\\(`).test(bare));
}

/** What a scrape shows: series by name with labels as written, and their values. */
export async function scrape(app: Pick<TestApp, 'get'>): Promise<Map<string, number>> {
  const { text } = await app.get('/metrics');
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.replace(/ \S+( # .*)?$/, ''), Number(/ (\S+)( # .*)?$/.exec(line)?.[1])]));
}

export const namesIn = (series: ReadonlyMap<string, number>): Set<string> =>
  new Set([...series.keys()].map((key) => key.replace(/\{.*/, '')));
