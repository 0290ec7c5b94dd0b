import { Body, Controller, Delete, Get, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Access, CurrentUser, type Identity } from '../../http/access.js';
import { ApiDoc } from '../../http/api-doc.js';
import { idParameter } from '../../http/schema.js';
import {
  createdWebhook,
  deliveriesPage,
  deliveriesQuery,
  delivery,
  newWebhook,
  webhooksPage,
  webhooksQuery,
  type DeliveriesQuery,
  type NewWebhook,
  type WebhooksQuery,
} from './webhooks.dto.js';
import { WebhooksService } from './webhooks.service.js';

@ApiTags('webhooks')
@Controller('webhooks')
@Access('admin')
export class WebhooksController {
  constructor(private readonly webhooks: WebhooksService) {}

  @Get()
  @ApiDoc({ summary: 'Webhooks, newest first', answer: webhooksPage })
  list(@Query({ schema: webhooksQuery }) query: WebhooksQuery) {
    return this.webhooks.list(query);
  }

  @Post()
  @ApiDoc({
    summary: 'Have events sent to an address',
    description:
      'From now on, signed as Standard Webhooks has it: HMAC-SHA256 over `webhook-id.webhook-timestamp.body`. The secret is shown in this ' +
      'answer only. Addresses of private networks are refused unless they are configured. The guide to events has the payloads and ' +
      'how to verify a signature.',
    answer: createdWebhook,
    status: 201,
  })
  create(@CurrentUser() user: Identity, @Body({ schema: newWebhook }) body: NewWebhook) {
    return this.webhooks.create(user.userId, body);
  }

  @Delete(':id')
  @ApiDoc({ summary: 'Send no more events to an address', description: 'What was not delivered is dropped.', problems: [404] })
  delete(@CurrentUser() user: Identity, @Param('id', { schema: idParameter }) id: number): Promise<void> {
    return this.webhooks.delete(user.userId, id);
  }

  @Get(':id/deliveries')
  @ApiDoc({
    summary: 'Deliveries of a webhook, newest first',
    description: 'With `status=dead`: those that were given up, to be replayed.',
    answer: deliveriesPage,
    problems: [404],
  })
  listDeliveries(@Param('id', { schema: idParameter }) id: number, @Query({ schema: deliveriesQuery }) query: DeliveriesQuery) {
    return this.webhooks.listDeliveries(id, query);
  }

  @Post('deliveries/:id/replay')
  @ApiDoc({
    summary: 'Deliver once more',
    description: 'What was given up or delivered before takes its place in the queue again, with all its attempts.',
    answer: delivery,
    problems: [404, 409],
  })
  replay(@CurrentUser() user: Identity, @Param('id', { schema: idParameter }) id: number) {
    return this.webhooks.replay(user.userId, id);
  }
}
