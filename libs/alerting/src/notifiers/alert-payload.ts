import type { Alert } from '../alert.js';
import { describe } from '../alert-rule.js';

/** An alert in the form of Alertmanager's API, version 2, and of its webhooks. */
export interface AlertPayload {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt?: string;
  readonly generatorURL?: string;
}

const iso = (ms: number): string => new Date(ms).toISOString();

export function toPayload({ rule, value, since, resolvedAt }: Alert, labels: Readonly<Record<string, string>>): AlertPayload {
  return {
    labels: { alertname: rule.name, severity: rule.severity, ...labels },
    annotations: { summary: describe(rule, value), description: rule.description, runbook_url: rule.runbookUrl },
    startsAt: iso(since),
    ...(resolvedAt === undefined ? {} : { endsAt: iso(resolvedAt) }),
  };
}
