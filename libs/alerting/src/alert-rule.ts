export const severities = ['info', 'warning', 'critical'] as const;
export type Severity = (typeof severities)[number];

/** A condition on one figure, as data: what Prometheus has as an alerting rule of the same name. */
export interface AlertRule {
  /** PascalCase, unique. */
  readonly name: string;
  readonly severity: Severity;
  /** The figure that is compared; a figure that is undefined or not a number neither fires nor keeps firing. */
  readonly figure: string;
  readonly comparison: 'above' | 'below';
  /** In the figure's own unit; exceeded strictly. */
  readonly threshold: number;
  /** Seconds that the condition must hold before anybody is told. */
  readonly forSeconds: number;
  /** `{value}` stands for the figure, `{percent}` for a ratio in percent. */
  readonly summary: string;
  readonly description: string;
  /** Where it is written what to do. */
  readonly runbookUrl: string;
}

export const isExceeded = ({ comparison, threshold }: AlertRule, value: number): boolean =>
  comparison === 'above' ? value > threshold : value < threshold;

const brief = (value: number): string => String(Number(value.toPrecision(4)));

/** At most four significant digits: `0.0734`, `12.5`, `310`; `7.34%`. */
export const describe = ({ summary }: AlertRule, value: number): string =>
  summary.replaceAll('{value}', brief(value)).replaceAll('{percent}', `${brief(value * 100)}%`);
