import { AlertManager, describeAlert, type Alert, type Silence } from '@app/alerting';
import type { Clock } from '@app/common';
import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { CLOCK } from '../../app.tokens.js';
import { AuditService } from '../../audit/audit.service.js';
import type { AlertView, NewSilence, SilenceView } from './alerts.dto.js';
import { alertNotFound, silenceNotFound, tooManySilences } from './alerts.problems.js';

/** What admins see of the alerts of this process, and do about them. What they do is in the audit log. */
@Injectable()
export class AlertsService {
  constructor(
    private readonly manager: AlertManager,
    private readonly audit: AuditService,
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  list() {
    return {
      alerts: this.manager.alerts().map((alert) => this.view(alert)),
      silences: this.manager.silences().map(silenceView),
      failed_notifications: this.manager.failures(),
    };
  }

  history(limit: number) {
    const alerts = this.manager.history().slice(0, limit);
    return { alerts: alerts.map((alert) => this.view(alert)) };
  }

  async acknowledge(id: number, adminId: number, comment?: string): Promise<AlertView> {
    const alert = this.manager.acknowledge(id, `user:${adminId}`, comment);
    if (!alert) throw alertNotFound(id);
    await this.record(adminId, 'alert.acknowledge', id, { rule: alert.rule.name, comment });
    return this.view(alert);
  }

  async silence({ rule, minutes, comment }: NewSilence, adminId: number): Promise<SilenceView> {
    const until = this.clock.now() + minutes * 60_000;
    const silence = this.manager.silence({ rule, until, by: `user:${adminId}`, ...(comment === undefined ? {} : { comment }) });
    if (!silence) throw tooManySilences();
    await this.record(adminId, 'alert.silence', silence.id, { rule, minutes, comment });
    return silenceView(silence);
  }

  async endSilence(id: number, adminId: number): Promise<void> {
    if (!this.manager.endSilence(id)) throw silenceNotFound(id);
    await this.record(adminId, 'alert.end_silence', id, {});
  }

  // oxlint-disable-next-line max-params -- who did what to which, and how
  private record(actorId: number, action: string, entityId: number, changes: Record<string, unknown>): Promise<void> {
    return this.audit.record(this.dataSource.manager, { actorId, action, entityType: 'alert', entityId, changes });
  }

  private view({ id, rule, state, value, since, firedAt, resolvedAt, acknowledged }: Alert): AlertView {
    const { name, severity, threshold, description, runbookUrl } = rule;
    const taken = acknowledged && { by: acknowledged.by, at: new Date(acknowledged.at), comment: acknowledged.comment ?? null };
    return {
      id,
      name,
      severity,
      state,
      value,
      threshold,
      summary: describeAlert(rule, value),
      description,
      runbook_url: runbookUrl,
      since: new Date(since),
      fired_at: firedAt === undefined ? null : new Date(firedAt),
      resolved_at: resolvedAt === undefined ? null : new Date(resolvedAt),
      acknowledged: taken ?? null,
      is_silenced: this.manager.silences().some((silence) => silence.rule === name),
    };
  }
}

const silenceView = ({ id, rule, until, by, comment }: Silence): SilenceView => ({
  id,
  rule,
  until: new Date(until),
  by,
  comment: comment ?? null,
});
