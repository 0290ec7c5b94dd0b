import { ConfigurableModuleBuilder } from '@nestjs/common';

export interface MonitoringOptions {
  /** Shown as labels of `build_info`. */
  readonly build: Readonly<Record<string, string>>;
  /** An answer within so many seconds is a fast one: a bound of the duration histogram and the latency objective. */
  readonly latencyObjectiveSeconds: number;
  /** Routes that are no work for users: they are measured, but belong to no objective. */
  readonly isOutsideObjectives: (route: string) => boolean;
}

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN: MONITORING_OPTIONS } = new ConfigurableModuleBuilder<MonitoringOptions>()
  .setClassMethodName('forRoot')
  .build();
