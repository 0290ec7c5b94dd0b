import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  AnnotationQueryBuilder,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
  type Panel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboardNames, uidOf, type DashboardName } from './links.js';
import { dataSource } from './panels.js';

/** Where the values of the variables come from. */
export interface Source {
  /** A metric that every process of the job has. */
  readonly metric: string;
  readonly job: string;
  /** A metric with the label `route`; none: the dashboard does not choose routes. */
  readonly routes?: string;
}

export const application: Source = { metric: 'build_info', job: 'techmart' };

export type Row = readonly [title: string, panels: readonly Builder<Panel>[]];

const every = { text: ['All'], value: ['$__all'], selected: true };

const variable = (name: string, label: string, values: string): QueryVariableBuilder =>
  new QueryVariableBuilder(name)
    .label(label)
    .datasource(dataSource)
    .query(values)
    .multi(true)
    .includeAll(true)
    .allValue('.+')
    .current(every)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc);

function variablesOf({ metric, job, routes }: Source) {
  const source = new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus').regex('');
  const chosen = { text: [job], value: [job], selected: true };
  return [
    source.current({ text: 'Prometheus', value: 'prometheus', selected: true }),
    variable('job', 'Job', `label_values(${metric}, job)`).current(chosen),
    variable('instance', 'Instance', `label_values(${metric}{job=~"$job"}, instance)`),
    ...(routes === undefined ? [] : [variable('route', 'Route', `label_values(${routes}{job=~"$job", instance=~"$instance"}, route)`)]),
  ];
}

const annotation = (name: string, colour: string): AnnotationQueryBuilder =>
  new AnnotationQueryBuilder().name(name).datasource(dataSource).enable(true).iconColor(colour);

/** A process that begins is a deployment, or a crash: its commit tells which. The value is the time, so that each has one mark. */
const deployments = () =>
  annotation('Deployments', 'blue')
    .expr(
      'max by (instance, version, commit) (1000 * process_start_time_seconds * on (job, instance) group_left (version, commit) build_info)',
    )
    .useValueForTime(true)
    .titleFormat('{{instance}} started')
    .textFormat('version {{version}}, commit {{commit}}')
    .tagKeys('version,commit')
    .step('1m');

const alerts = () =>
  annotation('Alerts', 'red')
    .expr('max by (alertname, severity) (ALERTS{alertstate="firing"})')
    .titleFormat('{{alertname}}')
    .textFormat('{{severity}}')
    .tagKeys('severity')
    .step('1m');

const tag = 'techmart';

const others = () =>
  new DashboardLinkBuilder('TechMart').type(DashboardLinkType.Dashboards).tags([tag]).asDropdown(true).includeVars(true).keepTime(true);

const runbooks = () =>
  new DashboardLinkBuilder('Runbooks').type(DashboardLinkType.Link).icon('doc').url('https://techmart.dev/runbooks').targetBlank(true);

/** A dashboard of ours: the same variables, links and annotations on each. */
export function dashboardOf(name: DashboardName, description: string, source: Source, rows: readonly Row[]): DashboardBuilder {
  const dashboard = new DashboardBuilder(`TechMart / ${dashboardNames[name]}`)
    .uid(uidOf(name))
    .description(description)
    .tags([tag])
    .readonly()
    .timezone('browser')
    .time({ from: 'now-1h', to: 'now' })
    .refresh('30s')
    .tooltip(DashboardCursorSync.Crosshair)
    .variables(variablesOf(source))
    .annotations([deployments(), alerts()])
    .links([others(), runbooks()]);
  for (const [title, panels] of rows) {
    dashboard.withRow(new RowBuilder(title));
    for (const panel of panels) dashboard.withPanel(panel);
  }
  return dashboard;
}
