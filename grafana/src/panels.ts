import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import {
  BigValueColorMode,
  BigValueGraphMode,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  GraphThresholdsStyleConfigBuilder,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
  type DataSourceRef,
} from '@grafana/grafana-foundation-sdk/common';
import {
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type DashboardLinkBuilder,
  type ValueMap,
  MappingType,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as HeatmapBuilder } from '@grafana/grafana-foundation-sdk/heatmap';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as GraphBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

export const dataSource: DataSourceRef = { type: 'prometheus', uid: '${datasource}' };

/** What every panel has. */
export interface PanelSpec {
  readonly title: string;
  /** What it shows, and what to make of it. */
  readonly description: string;
  readonly unit: string;
  /** Queries by the legend of their series; `{{label}}` is replaced. */
  readonly queries: Readonly<Record<string, string>>;
  /** Of the 24 columns. */
  readonly width?: number;
  readonly height?: number;
  readonly links?: readonly DashboardLinkBuilder[];
  /** From this value on it is yellow, from that on red. The other way round, where the first is greater: down from it. */
  readonly limits?: readonly [warning: number, critical: number];
  readonly min?: number;
  readonly max?: number;
}

const query = (expr: string, legend: string, refId: string): DataqueryBuilder =>
  new DataqueryBuilder().datasource(dataSource).expr(expr).legendFormat(legend).refId(refId);

function queriesOf({ queries }: PanelSpec, adapt: (built: DataqueryBuilder) => DataqueryBuilder): Builder<Dataquery>[] {
  return Object.entries(queries).map(([legend, expr], index) => adapt(query(expr, legend, String.fromCharCode(65 + index))));
}

function limitsOf(limits: PanelSpec['limits']): ThresholdsConfigBuilder {
  const colours = new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute);
  if (limits === undefined) return colours.steps([{ value: null, color: 'green' }]);
  const [warning, critical] = limits;
  const first = { value: null, color: warning < critical ? 'green' : 'red' };
  const above = warning < critical ? ([warning, 'yellow', critical, 'red'] as const) : ([critical, 'yellow', warning, 'green'] as const);
  return colours.steps([first, { value: above[0], color: above[1] }, { value: above[2], color: above[3] }]);
}

interface Common {
  title(title: string): this;
  description(text: string): this;
  unit(unit: string): this;
  datasource(ref: DataSourceRef): this;
  span(width: number): this;
  height(height: number): this;
  links(links: DashboardLinkBuilder[]): this;
  thresholds(thresholds: ThresholdsConfigBuilder): this;
  min(value: number): this;
  max(value: number): this;
}

function common<P extends Common>(panel: P, spec: PanelSpec, [width, height]: readonly [number, number]): P {
  panel.title(spec.title).description(spec.description).unit(spec.unit).datasource(dataSource);
  panel
    .span(spec.width ?? width)
    .height(spec.height ?? height)
    .links([...(spec.links ?? [])])
    .thresholds(limitsOf(spec.limits));
  if (spec.min !== undefined) panel.min(spec.min);
  if (spec.max !== undefined) panel.max(spec.max);
  return panel;
}

const legend = () => new VizLegendOptionsBuilder().displayMode(LegendDisplayMode.List).placement(LegendPlacement.Bottom).showLegend(true);

const tooltip = () => new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending);

/** Lines over time; from zero, unless the spec says otherwise. Limits are drawn as lines. */
export function graph(spec: PanelSpec): GraphBuilder {
  const panel = common(new GraphBuilder(), { min: 0, ...spec }, [8, 8])
    .legend(legend())
    .tooltip(tooltip())
    .fillOpacity(8)
    .lineWidth(1);
  if (spec.limits) panel.thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));
  // Slow requests carry their id as an exemplar.
  const hasExemplars = Object.values(spec.queries).some((expr) => expr.includes('http_request_duration_seconds_bucket'));
  return panel.targets(queriesOf(spec, (built) => built.range().exemplar(hasExemplars)));
}

/** Parts of a whole over time. */
export const stacked = (spec: PanelSpec): GraphBuilder =>
  graph(spec).fillOpacity(60).stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'));

/** The present figure, large, with its course behind it. `texts` name its values. */
export function stat(spec: PanelSpec, texts: Readonly<Record<string, string>> = {}): StatBuilder {
  const panel = common(new StatBuilder(), spec, [4, 4]).graphMode(BigValueGraphMode.Area).colorMode(BigValueColorMode.Value);
  const options = Object.fromEntries(Object.entries(texts).map(([value, text], index) => [value, { text, index }]));
  if (Object.keys(texts).length > 0) panel.mappings([{ type: MappingType.ValueToText, options } satisfies ValueMap]);
  return panel.reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull'])).targets(queriesOf(spec, (built) => built.range()));
}

/** The present figures as rows, a column for each query; the units of columns may differ. */
export function table(spec: PanelSpec, { units = {}, links = [] }: TableColumns = {}): TableBuilder {
  const panel = common(new TableBuilder(), spec, [24, 9])
    .filterable(true)
    .dataLinks([...links]);
  const columns = Object.keys(spec.queries);
  const renamed = Object.fromEntries(
    columns.map((name, index) => [columns.length === 1 ? 'Value' : `Value #${String.fromCharCode(65 + index)}`, name]),
  );
  panel.withTransformation({ id: 'merge', options: {} });
  panel.withTransformation({ id: 'organize', options: { excludeByName: { Time: true }, renameByName: renamed } });
  for (const [name, unit] of Object.entries(units)) panel.overrideByName(name, [{ id: 'unit', value: unit }]);
  return panel.targets(queriesOf(spec, (built) => built.instant().format(PromQueryFormat.Table)));
}

interface TableColumns {
  readonly units?: Readonly<Record<string, string>>;
  readonly links?: readonly DashboardLinkBuilder[];
}

/** How a histogram's samples lie over time. */
export const heatmap = (spec: PanelSpec): HeatmapBuilder =>
  common(new HeatmapBuilder(), spec, [24, 8]).targets(queriesOf(spec, (built) => built.range().format(PromQueryFormat.Heatmap)));
