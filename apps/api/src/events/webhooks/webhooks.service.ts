import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { AuditService } from '../../audit/audit.service.js';
import { paginate, pageWindow, type PageRequest } from '../../http/page.js';
import { id as idSchema } from '../../http/schema.js';
import { newSecret } from './webhook-signature.js';
import { TargetRefused, WebhookTargets } from './webhook-target.js';
import type { DeliveriesQuery, Delivery, NewWebhook, Webhook } from './webhooks.dto.js';
import { deliveryNotFound, deliveryPending, invalidCursor, urlRefused, webhookNotFound } from './webhooks.problems.js';
import { WebhooksRepository, type Rows, type Window } from './webhooks.repository.js';

const cursorKey = z.tuple([idSchema]);

@Injectable()
export class WebhooksService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly webhooks: WebhooksRepository,
    private readonly targets: WebhookTargets,
    private readonly audit: AuditService,
  ) {}

  async create(actorId: number, { url: given, event_types, secret = newSecret() }: NewWebhook): Promise<Webhook & { secret: string }> {
    const url = new URL(given);
    await this.checkTarget(url);
    const values = { url: url.href, eventTypes: [...new Set(event_types)], secret, createdBy: actorId };
    return this.dataSource.transaction(async (manager) => {
      const webhook = await this.webhooks.insert(manager, values);
      const changes = { url: webhook.url, event_types: webhook.event_types };
      await this.audit.record(manager, { actorId, action: 'webhook.create', entityType: 'webhook', entityId: webhook.id, changes });
      return { ...webhook, secret };
    });
  }

  async list(query: PageRequest) {
    const { rows, pagination } = await this.page(query, 'webhooks', (window) => this.webhooks.list(window));
    return { webhooks: rows, pagination };
  }

  async delete(actorId: number, id: number): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const deleted = await this.webhooks.delete(manager, id);
      if (!deleted) throw webhookNotFound(id);
      await this.audit.record(manager, { actorId, action: 'webhook.delete', entityType: 'webhook', entityId: id, changes: deleted });
    });
  }

  async listDeliveries(id: number, query: DeliveriesQuery) {
    const { rows, pagination } = await this.page(query, `deliveries-of-${id}`, async (window) => {
      const found = await this.webhooks.listDeliveries(id, query, window);
      if (!found) throw webhookNotFound(id);
      return found;
    });
    return { deliveries: rows, pagination };
  }

  replay(actorId: number, id: number): Promise<Delivery> {
    return this.dataSource.transaction(async (manager) => {
      const delivery = await this.webhooks.replay(manager, id);
      if (!delivery) throw (await this.webhooks.hasDelivery(manager, id)) ? deliveryPending(id) : deliveryNotFound(id);
      const changes = { webhook_id: delivery.webhook_id, event: delivery.event.id };
      await this.audit.record(manager, { actorId, action: 'webhook.replay', entityType: 'webhook_delivery', entityId: id, changes });
      return delivery;
    });
  }

  /** A name that is not known yet may become so; each attempt asks again. */
  private async checkTarget(url: URL): Promise<void> {
    await this.targets.addressesOf(url).catch((error: unknown) => {
      if (error instanceof TargetRefused) throw urlRefused(error.message);
    });
  }

  private async page<Row extends { id: number }>(query: PageRequest, kind: string, read: (window: Window) => Promise<Rows<Row>>) {
    const window = pageWindow(query, kind);
    const after = window.after && cursorKey.safeParse(window.after);
    if (after && !after.success) throw invalidCursor();
    const { rows, total } = await read({ limit: window.limit, offset: window.offset, beforeId: after?.data[0] ?? null });
    return paginate(rows, window, total, { kind, key: ({ id }) => [id] });
  }
}
