import { severities } from '@app/alerting';
import { z } from 'zod';
import { answeredTimestamp, integerParameter, line } from '../../http/schema.js';
import { alertRules } from './alert-rules.js';

const ruleNames = alertRules.map(({ name }) => name);
const comment = line(500).optional();

export const historyQuery = z.object({ limit: integerParameter(1, 500).optional() });
export type HistoryQuery = z.output<typeof historyQuery>;

export const acknowledgement = z.strictObject({ comment }).meta({ id: 'AlertAcknowledgement' });
export type Acknowledgement = z.output<typeof acknowledgement>;

export const newSilence = z
  .strictObject({
    rule: z.enum(ruleNames as [string, ...string[]]),
    minutes: z.int().min(1).max(10_080).describe('A week at most'),
    comment,
  })
  .meta({ id: 'NewAlertSilence', examples: [{ rule: 'LowStock', minutes: 60, comment: 'The delivery comes at noon' }] });
export type NewSilence = z.output<typeof newSilence>;

export const alert = z
  .object({
    id: z.int(),
    name: z.string(),
    severity: z.enum(severities),
    state: z.enum(['pending', 'firing', 'resolved']),
    value: z.number().describe('At the last evaluation; of a resolved one, what ended it'),
    threshold: z.number(),
    summary: z.string(),
    description: z.string(),
    runbook_url: z.string(),
    since: answeredTimestamp,
    fired_at: answeredTimestamp.nullable(),
    resolved_at: answeredTimestamp.nullable(),
    acknowledged: z.object({ by: z.string(), at: answeredTimestamp, comment: z.string().nullable() }).nullable(),
    is_silenced: z.boolean(),
  })
  .meta({ id: 'Alert' });
export type AlertView = z.output<typeof alert>;

export const silence = z
  .object({ id: z.int(), rule: z.string(), until: answeredTimestamp, by: z.string(), comment: z.string().nullable() })
  .meta({ id: 'AlertSilence' });
export type SilenceView = z.output<typeof silence>;

export const alertList = z
  .object({
    alerts: z.array(alert).describe('Pending and firing ones, the most severe first'),
    silences: z.array(silence),
    failed_notifications: z.record(z.string(), z.int()).describe('By receiver, since the start'),
  })
  .meta({ id: 'AlertList' });

export const alertHistory = z.object({ alerts: z.array(alert).describe('Resolved ones, newest first') }).meta({ id: 'AlertHistory' });
