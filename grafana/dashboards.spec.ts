import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { dashboardFiles } from './src/index.js';

interface Query {
  readonly expr: string;
  readonly refId: string;
  readonly datasource: unknown;
}

interface Link {
  readonly title: string;
  readonly url: string;
}

interface Panel {
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource: unknown;
  readonly targets: readonly Query[];
  readonly links: readonly Link[];
  readonly fieldConfig: { readonly defaults: { readonly unit?: string; readonly links?: readonly Link[] } };
  readonly gridPos: { readonly x: number; readonly w: number };
}

const root = join(__dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const files = dashboardFiles();
const dashboards = [...files].map(([file, text]) => [file, JSON.parse(text) as Dashboard] as const);
const panelsOf = (dashboard: Dashboard) => ((dashboard.panels ?? []) as unknown as Panel[]).filter(({ type }) => type !== 'row');
const panels = dashboards.flatMap(([file, dashboard]) => panelsOf(dashboard).map((panel) => [`${file}: ${panel.title}`, panel] as const));
const queries = panels.flatMap(([name, { targets }]) => targets.map(({ expr, refId }) => [`${name} ${refId}`, expr] as const));

const variableSource = { type: 'prometheus', uid: '${datasource}' };

/** Units that Grafana knows, as far as they are used here. */
const units = ['short', 'none', 'percent', 'percentunit', 's', 'bytes', 'Bps', 'ops', 'reqps', 'currencyUSD'];

/** Selectors of a query: `[metric, matchers]`. */
const selectorsOf = (expr: string) =>
  [...expr.matchAll(/([a-zA-Z_:][\w:]*)\{([^}]*)\}/g)].map(([, metric, matchers]) => [metric!, matchers!] as const);

/** What Prometheus makes itself has no instance: rules add replicas up, alerts are about jobs. */
const hasNoInstance = (metric: string): boolean => metric.includes(':') || metric === 'ALERTS';

describe('grafana/dashboards', () => {
  it('is what `npm run dashboards` makes of grafana/src', () => {
    const kept = new Map(readdirSync(join(root, 'grafana/dashboards')).map((name) => [name, read(`grafana/dashboards/${name}`)]));
    expect([...kept.keys()].toSorted()).toEqual([...files.keys()].toSorted());
    for (const [name, text] of files) expect(kept.get(name) === text ? name : `${name} differs: run \`npm run dashboards\``).toBe(name);
  });

  it('holds the seven dashboards, each under a uid and a title of its own', () => {
    expect([...files.keys()]).toEqual(
      ['overview', 'api', 'database', 'cache', 'runtime', 'business', 'load-test'].map((name) => `${name}.json`),
    );
    for (const key of ['uid', 'title'] as const) expect(new Set(dashboards.map(([, dashboard]) => dashboard[key])).size).toBe(7);
  });
});

describe.each(dashboards)('%s', (_file, dashboard) => {
  const variables = Object.fromEntries((dashboard.templating?.list ?? []).map((variable) => [variable.name, variable]));

  it('cannot be edited in Grafana, where the change would be lost', () => {
    expect(dashboard.editable).toBe(false);
  });

  it('chooses its data source', () => {
    expect(variables['datasource']).toMatchObject({ type: 'datasource', query: 'prometheus', label: 'Data source' });
  });

  it('chooses job and instance, and asks for them anew when the time range changes', () => {
    const common = { type: 'query', datasource: variableSource, multi: true, includeAll: true, allValue: '.+', refresh: 2 };
    expect(variables['job']).toMatchObject({ ...common, label: 'Job' });
    expect(variables['instance']).toMatchObject({ ...common, label: 'Instance' });
    const { route = { ...common, label: 'Route' } } = variables;
    expect(route).toMatchObject({ ...common, label: 'Route' });
  });

  it('uses no variable that it does not have', () => {
    const used = panelsOf(dashboard).flatMap(({ targets }) => targets.flatMap(({ expr }) => expr.match(/\$(?!__)\w+/g) ?? []));
    for (const name of new Set(used)) expect(Object.keys(variables)).toContain(name.slice(1));
  });

  it('marks deployments and alerts', () => {
    const annotations = dashboard.annotations?.list ?? [];
    expect(annotations.map(({ name }) => name)).toEqual(['Deployments', 'Alerts']);
    for (const { datasource } of annotations) expect(datasource).toEqual(variableSource);
  });

  it('has its panels under one another, within 24 columns', () => {
    for (const { gridPos } of panelsOf(dashboard)) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
  });

  it('shows no two panels of one title', () => {
    const titles = panelsOf(dashboard).map(({ title }) => title);
    expect(new Set(titles).size).toBe(titles.length);
  });
});

describe.each(panels)('%s', (_name, panel) => {
  it('has a title, a description that is a sentence, a unit and the chosen data source', () => {
    expect(panel.title).toMatch(/^\S/);
    expect(panel.description).toMatch(/^[A-Z0-9].{6,}[.!]$/);
    expect(units).toContain(panel.fieldConfig.defaults.unit);
    expect(panel.datasource).toEqual(variableSource);
  });

  it('asks something, each query under a letter of its own', () => {
    expect(panel.targets.length).toBeGreaterThan(0);
    expect(new Set(panel.targets.map(({ refId }) => refId)).size).toBe(panel.targets.length);
    for (const { datasource } of panel.targets) expect(datasource).toEqual(variableSource);
  });
});

describe('queries', () => {
  it.each(queries)('%s is narrowed to the chosen job and instances', (_name, expr) => {
    const selectors = selectorsOf(expr);
    expect(selectors.length).toBeGreaterThan(0);
    for (const [metric, matchers] of selectors) {
      expect(matchers).toContain('job=~"$job"');
      expect(matchers.includes('instance=~"$instance"') || hasNoInstance(metric)).toBe(true);
    }
  });

  it.each(queries)('%s reads counters as rates, over an interval that Grafana chooses', (_name, expr) => {
    const isCounter = (metric: string) => /_(total|count|sum|bucket)$/.test(metric);
    const isRate = (metric: string, matchers: string) => /(rate|increase)\($/.test(expr.slice(0, expr.indexOf(`${metric}{${matchers}}`)));
    expect(selectorsOf(expr).filter(([metric, matchers]) => isCounter(metric) && !isRate(metric, matchers))).toEqual([]);
    for (const [, range] of expr.matchAll(/\[([^\]]*)\]/g)) expect(['$__rate_interval', '$__range']).toContain(range);
    expect(expr).not.toMatch(/rate\([^)]*\[\$__range\]/);
  });
});

describe('links', () => {
  const links = panels.flatMap(([name, { links: own, fieldConfig }]) =>
    [...own, ...(fieldConfig.defaults.links ?? [])].map((link) => [name, link] as const),
  );
  const uids = dashboards.map(([, { uid }]) => uid);
  const headings = [...read('docs/runbooks.md').matchAll(/^## (.+)$/gm)].map(([, heading]) => heading!.toLowerCase().replaceAll(' ', '-'));

  it.each(links)('%s leads to a dashboard or a runbook that exists', (_name, { url }) => {
    const [, uid] = /^\/d\/([\w-]+)\?/.exec(url) ?? [];
    const [, anchor] = /^https:\/\/techmart\.dev\/runbooks#(.+)$/.exec(url) ?? [];
    expect(uids.includes(uid) || headings.includes(anchor ?? '')).toBe(true);
  });

  it('keep the time range and the chosen replicas', () => {
    const kept = '${__url_time_range}&${datasource:queryparam}&${job:queryparam}&${instance:queryparam}';
    expect(links.filter(([, { url }]) => url.startsWith('/d/') && !url.includes(kept))).toEqual([]);
  });

  it('lead from a panel to the runbook of every alert', () => {
    const alerts = [...read('prometheus/rules/alerts.yml').matchAll(/- alert: (\w+)/g)].map(([, name]) => name!);
    const linked = new Set(links.map(([, { title }]) => title));
    // Blackbox probes belong to the installation: no panel of ours reads them.
    expect([...new Set(alerts)].filter((name) => !linked.has(`Runbook: ${name}`))).toEqual(['CertificateExpiring']);
  });
});

describe('provisioning', () => {
  it('reads the dashboards where docker-compose.yml puts them, from the data source that they begin with', () => {
    const { providers } = parse(read('grafana/provisioning/dashboards/techmart.yml')) as { providers: { options: { path: string } }[] };
    const { datasources } = parse(read('grafana/provisioning/datasources/prometheus.yml')) as {
      datasources: { uid: string; type: string }[];
    };
    const { services } = parse(read('docker-compose.yml')) as { services: { grafana: { volumes: string[] } } };
    const mounts = Object.fromEntries(services.grafana.volumes.map((volume) => volume.split(':').toReversed().slice(-2)));
    expect(mounts).toMatchObject({
      '/etc/grafana/provisioning': './grafana/provisioning',
      [providers[0]!.options.path]: './grafana/dashboards',
    });
    expect(datasources).toEqual([expect.objectContaining({ uid: 'prometheus', type: 'prometheus' })]);
    for (const [, dashboard] of dashboards) expect(dashboard.templating?.list?.[0]?.current).toMatchObject({ value: 'prometheus' });
  });
});
