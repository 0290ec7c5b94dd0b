import { callFinished, callStarted, type Clock } from '@app/common';
import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, CONFIG } from '../../app.tokens.js';
import type { Config } from '../../config.js';
import type { ClaimedDelivery } from './deliveries.repository.js';
import { postWebhook } from './webhook-request.js';
import { signedHeaders } from './webhook-signature.js';
import { WebhookTargets } from './webhook-target.js';

/** Makes one attempt: the message, its signature, and where it may go. */
@Injectable()
export class WebhookClient {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly targets: WebhookTargets,
  ) {}

  /** The status that the receiver answers; rejects when it answers none. */
  async post(delivery: ClaimedDelivery): Promise<number> {
    const url = new URL(delivery.url);
    const addresses = await this.targets.addressesOf(url);
    const { connectTimeoutMs, timeoutMs } = this.config.webhooks;
    const id = `evt_${delivery.eventId}`;
    const body = JSON.stringify({ id, type: delivery.eventType, timestamp: delivery.createdAt, data: delivery.payload });
    const timestampS = Math.floor(this.clock.now() / 1000);
    const headers: Record<string, string> = {
      'content-type': 'application/json',
      'user-agent': 'TechMart-Webhooks/1',
      ...signedHeaders({ id, timestampS, body }, delivery.secret),
    };
    callStarted.publish({ origin: url.origin, headers });
    let statusCode: number | undefined;
    try {
      statusCode = await postWebhook({ url, addresses, headers, body, connectTimeoutMs, timeoutMs });
      return statusCode;
    } finally {
      callFinished.publish({ headers, statusCode });
    }
  }
}
