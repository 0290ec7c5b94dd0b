import { AlertingModule, AlertmanagerNotifier, LogNotifier, WebhookNotifier, type Notifier } from '@app/alerting';
import type { Clock } from '@app/common';
import { Module } from '@nestjs/common';
import { CLOCK, CONFIG } from '../../app.tokens.js';
import { AuditModule } from '../../audit/audit.module.js';
import type { Config } from '../../config.js';
import { EventsModule } from '../../events/events.module.js';
import { JobsModule } from '../../jobs/jobs.module.js';
import { BusinessModule } from '../business/business.module.js';
import { HealthModule } from '../health/health.module.js';
import { PerformanceModule } from '../performance/performance.module.js';
import { AlertFigures, RecentFaults } from './alert-figures.js';
import { alertRules } from './alert-rules.js';
import { AlertsController } from './alerts.controller.js';
import { AlertsService } from './alerts.service.js';
import { StateFigures } from './state-figures.js';

@Module({
  imports: [HealthModule, EventsModule, JobsModule, BusinessModule, PerformanceModule],
  providers: [RecentFaults, StateFigures, AlertFigures],
  exports: [AlertFigures],
})
class AlertFiguresModule {}

/** The log always; others as they are configured. */
function notifiersOf({ webhookUrl, alertmanagerUrl, labels }: Config['alerts']): Notifier[] {
  return [
    new LogNotifier(),
    ...(webhookUrl === undefined ? [] : [new WebhookNotifier(webhookUrl, labels)]),
    ...(alertmanagerUrl === undefined ? [] : [new AlertmanagerNotifier(alertmanagerUrl, labels)]),
  ];
}

const alerting = AlertingModule.forRootAsync({
  imports: [AlertFiguresModule],
  inject: [CONFIG, CLOCK, AlertFigures],
  useFactory: ({ alerts }: Config, clock: Clock, figures: AlertFigures) => ({
    rules: alertRules,
    figures: () => figures.sample(clock),
    notifiers: notifiersOf(alerts),
    clock,
    intervalMs: alerts.intervalMs,
  }),
});

/** The alerts of this process, for installations without Prometheus, and for whoever looks at one process. */
@Module({ imports: [alerting, AuditModule], controllers: [AlertsController], providers: [AlertsService] })
export class AlertsModule {}
