import { DashboardLinkBuilder, DashboardLinkType } from '@grafana/grafana-foundation-sdk/dashboard';

/** The dashboards, by the last part of their uid and file. */
export const dashboardNames = {
  overview: 'Overview',
  api: 'API',
  database: 'Database',
  cache: 'Cache',
  runtime: 'Runtime',
  business: 'Business',
  'load-test': 'Load test (k6)',
} as const;

export type DashboardName = keyof typeof dashboardNames;

export const uidOf = (name: DashboardName): string => `techmart-${name}`;

const kept = '${__url_time_range}&${datasource:queryparam}&${job:queryparam}&${instance:queryparam}';

/** To another dashboard, with the time range and the replicas that the reader looks at. */
export const toDashboard = (name: DashboardName): DashboardLinkBuilder =>
  new DashboardLinkBuilder(dashboardNames[name])
    .type(DashboardLinkType.Link)
    .url(`/d/${uidOf(name)}?${kept}`)
    .targetBlank(false);

/** To a section of docs/runbooks.md: most are what an alert points to as well. */
export const toRunbook = (section: string): DashboardLinkBuilder =>
  new DashboardLinkBuilder(`Runbook: ${section}`)
    .type(DashboardLinkType.Link)
    .url(`https://techmart.dev/runbooks#${section.toLowerCase().replaceAll(' ', '-')}`)
    .targetBlank(true);

/** From a row of a table to what the API dashboard knows of its route. */
export const toRoute = (): DashboardLinkBuilder =>
  new DashboardLinkBuilder('This route').url(`/d/${uidOf('api')}?${kept}&var-route=\${__data.fields.route}`).targetBlank(false);
