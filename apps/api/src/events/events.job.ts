import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Job } from '../jobs/job.js';
import { JobRunner } from '../jobs/job-runner.js';
import { EventDispatcher } from './dispatcher.js';
import { WebhookSender } from './webhooks/webhook-sender.js';

/**
 * One worker of all replicas brings events on their way, for as long as it holds the lease: a run ends when the process does. The
 * interval is how often the others look whether the lease is free.
 */
@Injectable()
export class EventsJob implements Job, OnModuleInit {
  readonly name = 'events';
  readonly intervalMs = 5000;

  constructor(
    private readonly dispatcher: EventDispatcher,
    private readonly sender: WebhookSender,
    private readonly runner: JobRunner,
  ) {}

  onModuleInit(): void {
    this.runner.register(this);
  }

  run(signal: AbortSignal): Promise<unknown> {
    return Promise.all([this.dispatcher.run(signal, () => this.sender.wake()), this.sender.run(signal)]);
  }
}
