import type { Clock } from '@app/common';
import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { AlertRule } from './alert-rule.js';
import type { Notifier } from './notifiers/notifier.js';

export interface AlertingOptions {
  readonly rules: readonly AlertRule[];
  /** Read at each evaluation; must be quick and ask nobody: the figures are kept by others. */
  readonly figures: () => Readonly<Record<string, number | undefined>>;
  readonly notifiers: readonly Notifier[];
  readonly clock: Clock;
  /** Milliseconds between evaluations; 5000 unless told, 0: only when `evaluate` is called. */
  readonly intervalMs?: number;
}

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN: ALERTING_OPTIONS } = new ConfigurableModuleBuilder<AlertingOptions>()
  .setClassMethodName('forRoot')
  .build();
