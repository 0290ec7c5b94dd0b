import { Inject, Injectable } from '@nestjs/common';
import { CONFIG } from '../../app.tokens.js';
import type { Config } from '../../config.js';
import { backoffMs } from '../backoff.js';
import { EventMetrics } from '../events.metrics.js';
import { failureText } from '../failure-text.js';
import { QueueWorker } from '../queue-worker.js';
import { DeliveriesRepository, type ClaimedDelivery, type DeliveryOutcome } from './deliveries.repository.js';
import { WebhookClient } from './webhook-client.js';

/** Attempts under way at one receiver; at one whose last attempt failed, a single one finds out whether it is back. */
const perWebhook = 4;

/** What an attempt may take beyond its time-outs (the name servers, the note of its outcome) before it counts as lost. */
const claimSlackMs = 30_000;

/** Sends what is in the queues of the webhooks. A receiver that hangs keeps its own few places, never those of others. */
@Injectable()
export class WebhookSender {
  private readonly underWay = new Map<number, number>();
  private readonly failing = new Set<number>();
  private readonly worker: QueueWorker<ClaimedDelivery, DeliveryOutcome>;
  private total = 0;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly deliveries: DeliveriesRepository,
    private readonly client: WebhookClient,
    private readonly metrics: EventMetrics,
  ) {
    this.worker = new QueueWorker<ClaimedDelivery, DeliveryOutcome>(
      {
        name: 'webhooks',
        take: () => this.take(),
        work: (delivery) => this.work(delivery),
        record: (outcomes) => this.deliveries.record(outcomes),
      },
      config.events.pollMs,
    );
  }

  run(signal: AbortSignal): Promise<void> {
    return this.worker.run(signal);
  }

  /** Deliveries were queued. */
  wake(): void {
    this.worker.wake();
  }

  private async take(): Promise<ClaimedDelivery[]> {
    const { concurrency, timeoutMs } = this.config.webhooks;
    const limit = concurrency - this.total;
    if (limit <= 0) return [];
    const claimed = await this.deliveries.claim({ limit, perWebhook, slots: this.slots(), claimMs: timeoutMs + claimSlackMs });
    for (const { webhookId } of claimed) this.count(webhookId, 1);
    return claimed;
  }

  /** How many more of each webhook that is busy or failing. */
  private slots(): Map<number, number> {
    const ids = new Set([...this.underWay.keys(), ...this.failing]);
    const free = (id: number): number => Math.max(0, (this.failing.has(id) ? 1 : perWebhook) - (this.underWay.get(id) ?? 0));
    return new Map([...ids].map((id) => [id, free(id)]));
  }

  private async work(delivery: ClaimedDelivery): Promise<DeliveryOutcome> {
    const startedAt = performance.now();
    const outcome = await this.attempt(delivery);
    this.count(delivery.webhookId, -1);
    if (outcome.status === 'delivered') this.failing.delete(delivery.webhookId);
    else this.failing.add(delivery.webhookId);
    this.metrics.attempted(outcome.status === 'pending' ? 'failed' : outcome.status, (performance.now() - startedAt) / 1000);
    return outcome;
  }

  private async attempt(delivery: ClaimedDelivery): Promise<DeliveryOutcome> {
    try {
      const answered = await this.client.post(delivery);
      const { id, attempt } = delivery;
      if (answered >= 200 && answered < 300) return { id, attempt, status: 'delivered', retryInMs: null, answered, error: null };
      return this.failed(delivery, answered, `answered ${answered}`);
    } catch (error) {
      return this.failed(delivery, null, failureText(error));
    }
  }

  private failed({ id, attempt }: ClaimedDelivery, answered: number | null, error: string): DeliveryOutcome {
    const { maxAttempts, backoff } = this.config.webhooks;
    const isLast = attempt >= maxAttempts;
    return { id, attempt, status: isLast ? 'dead' : 'pending', retryInMs: isLast ? null : backoffMs(attempt, backoff), answered, error };
  }

  private count(webhookId: number, change: 1 | -1): void {
    const count = (this.underWay.get(webhookId) ?? 0) + change;
    if (count === 0) this.underWay.delete(webhookId);
    else this.underWay.set(webhookId, count);
    this.total += change;
  }
}
