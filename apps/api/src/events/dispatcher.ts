import { Inject, Injectable, Logger } from '@nestjs/common';
import { CONFIG } from '../app.tokens.js';
import type { Config } from '../config.js';
import { backoffMs } from './backoff.js';
import type { StoredEvent } from './event-catalogue.js';
import { EventMetrics, type Outcome } from './events.metrics.js';
import { failureText } from './failure-text.js';
import { OutboxRepository, type EventOutcome } from './outbox.repository.js';
import { QueueWorker } from './queue-worker.js';
import { EventSubscribers } from './subscribers.js';

/** The waiting events of one aggregate, in order. */
interface Lane {
  readonly key: string;
  readonly events: readonly StoredEvent[];
}

interface LaneOutcome {
  readonly key: string;
  readonly outcomes: readonly EventOutcome[];
}

const mostEvents = 200;
const mostLanes = 200;

/** Brings events from the outbox to the subscribers in this process and to the queues of the webhooks. */
@Injectable()
export class EventDispatcher {
  private readonly logger = new Logger('Events');
  private readonly busy = new Set<string>();
  private readonly worker: QueueWorker<Lane, LaneOutcome>;
  private onQueued: () => void = () => undefined;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly outbox: OutboxRepository,
    private readonly subscribers: EventSubscribers,
    private readonly metrics: EventMetrics,
  ) {
    this.worker = new QueueWorker<Lane, LaneOutcome>(
      {
        name: 'outbox',
        take: () => this.take(),
        work: (lane) => this.work(lane),
        record: (lanes) => this.record(lanes),
      },
      config.events.pollMs,
    );
  }

  /** `onQueued` is called when webhooks have something to send. */
  run(signal: AbortSignal, onQueued: () => void): Promise<void> {
    this.onQueued = onQueued;
    return this.worker.run(signal);
  }

  /** An event was committed. */
  wake(): void {
    this.worker.wake();
  }

  private async take(): Promise<Lane[]> {
    if (this.busy.size >= mostLanes) return [];
    const { events, deliveries } = await this.outbox.takeDue([...this.busy], mostEvents);
    if (deliveries > 0) this.onQueued();
    const lanes = intoLanes(events);
    for (const { key } of lanes) this.busy.add(key);
    return lanes;
  }

  /** One event after the other: the first that fails holds back the rest. */
  private async work({ key, events }: Lane): Promise<LaneOutcome> {
    const outcomes: EventOutcome[] = [];
    for (const event of events) {
      const outcome = await this.tell(event);
      outcomes.push(outcome);
      if (outcome.error !== null) break;
    }
    return { key, outcomes };
  }

  private async tell(event: StoredEvent): Promise<EventOutcome> {
    try {
      await this.subscribers.tell(event, this.config.events.subscriberTimeoutMs);
      return { id: event.id, error: null, retryInMs: null };
    } catch (error) {
      const failures = event.attempts + 1;
      const isLast = failures >= this.config.events.maxAttempts;
      const level = isLast ? 'error' : 'warn';
      this.logger[level](
        { err: error, event_id: event.id, event_type: event.eventType, failures },
        isLast ? 'an event was given up' : 'an event failed',
      );
      return { id: event.id, error: failureText(error), retryInMs: isLast ? null : backoffMs(failures, this.config.events.backoff) };
    }
  }

  private async record(lanes: readonly LaneOutcome[]): Promise<void> {
    const outcomes = lanes.flatMap((lane) => lane.outcomes);
    await this.outbox.record(outcomes);
    for (const { key } of lanes) this.busy.delete(key);
    for (const outcome of outcomes) this.metrics.dispatched(nameOf(outcome));
  }
}

function intoLanes(events: readonly StoredEvent[]): Lane[] {
  const lanes = new Map<string, StoredEvent[]>();
  for (const event of events) {
    const key = `${event.aggregateType}:${event.aggregateId}`;
    const lane = lanes.get(key);
    if (lane) lane.push(event);
    else lanes.set(key, [event]);
  }
  return [...lanes].map(([key, inOrder]) => ({ key, events: inOrder }));
}

const nameOf = ({ error, retryInMs }: EventOutcome): Outcome => {
  if (error === null) return 'delivered';
  return retryInMs === null ? 'dead' : 'failed';
};
