import { Module } from '@nestjs/common';
import { CONFIG } from '../app.tokens.js';
import { AuditModule } from '../audit/audit.module.js';
import type { Config } from '../config.js';
import { JobsModule } from '../jobs/jobs.module.js';
import { EventDispatcher } from './dispatcher.js';
import { EventsJob } from './events.job.js';
import { EventMetrics, eventMetrics } from './events.metrics.js';
import { OutboxService } from './outbox.js';
import { OutboxRepository } from './outbox.repository.js';
import { QueueFigures } from './queue-figures.js';
import { EventSubscribers } from './subscribers.js';
import { DeliveriesRepository } from './webhooks/deliveries.repository.js';
import { WebhookClient } from './webhooks/webhook-client.js';
import { WebhookSender } from './webhooks/webhook-sender.js';
import { WebhookTargets } from './webhooks/webhook-target.js';
import { WebhooksController } from './webhooks/webhooks.controller.js';
import { WebhooksRepository } from './webhooks/webhooks.repository.js';
import { WebhooksService } from './webhooks/webhooks.service.js';

const webhookTargets = {
  provide: WebhookTargets,
  useFactory: ({ webhooks }: Config) => new WebhookTargets(webhooks.privateNetworks),
  inject: [CONFIG],
};

@Module({
  imports: [AuditModule, JobsModule],
  controllers: [WebhooksController],
  providers: [
    OutboxService,
    OutboxRepository,
    QueueFigures,
    EventSubscribers,
    EventDispatcher,
    EventMetrics,
    ...eventMetrics,
    EventsJob,
    WebhooksService,
    WebhooksRepository,
    DeliveriesRepository,
    WebhookSender,
    WebhookClient,
    webhookTargets,
  ],
  exports: [OutboxService, EventSubscribers, QueueFigures],
})
export class EventsModule {}
