export { AlertManager } from './alert-manager.js';
export { describe as describeAlert, severities } from './alert-rule.js';
export type { AlertRule, Severity } from './alert-rule.js';
export type { Alert, AlertState, Silence } from './alert.js';
export { AlertingModule } from './alerting.module.js';
export type { AlertingOptions } from './alerting.options.js';
export { LogNotifier } from './notifiers/log.notifier.js';
export type { Notifier } from './notifiers/notifier.js';
export { AlertmanagerNotifier, WebhookNotifier } from './notifiers/webhook.notifier.js';
