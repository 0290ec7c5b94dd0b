import { Logger } from '@nestjs/common';
import type { Alert } from '../alert.js';
import { describe } from '../alert-rule.js';
import type { Notifier } from './notifier.js';

/** One line per alert: critical ones as errors, the rest as warnings, resolutions as information. */
export class LogNotifier implements Notifier {
  readonly name = 'log';
  private readonly logger = new Logger('Alert');

  notify(alerts: readonly Alert[]): Promise<void> {
    for (const { rule, state, value } of alerts) {
      const level = state === 'resolved' ? 'log' : rule.severity === 'critical' ? 'error' : 'warn';
      this.logger[level]({ alert: rule.name, severity: rule.severity, state, value }, `${state}: ${describe(rule, value)}`);
    }
    return Promise.resolve();
  }
}
