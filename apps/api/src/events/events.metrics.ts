import { Injectable, type Provider } from '@nestjs/common';
import { InjectMetric, makeCounterProvider, makeGaugeProvider, makeHistogramProvider } from '@willsoto/nestjs-prometheus';
import { Counter, Histogram, type Gauge } from 'prom-client';
import type { QueueDepth } from './outbox.repository.js';
import { QueueFigures } from './queue-figures.js';

const DISPATCHED = 'techmart_outbox_dispatched_total';
const DELIVERIES = 'techmart_webhook_deliveries_total';
const DURATION = 'techmart_webhook_delivery_duration_seconds';

const outcomes = ['delivered', 'failed', 'dead'] as const;
export type Outcome = (typeof outcomes)[number];

@Injectable()
export class EventMetrics {
  constructor(
    @InjectMetric(DISPATCHED) private readonly events: Counter<'outcome'>,
    @InjectMetric(DELIVERIES) private readonly deliveries: Counter<'outcome'>,
    @InjectMetric(DURATION) private readonly durations: Histogram,
  ) {
    // Prometheus takes a row that begins at 1 for no increase.
    for (const counter of [events, deliveries]) for (const outcome of outcomes) counter.inc({ outcome }, 0);
  }

  dispatched(outcome: Outcome): void {
    this.events.inc({ outcome });
  }

  attempted(outcome: Outcome, seconds: number): void {
    this.deliveries.inc({ outcome });
    this.durations.observe(seconds);
  }
}

function gauge(name: string, help: string, read: (depth: QueueDepth) => Record<string, number>): Provider {
  return makeGaugeProvider({
    name,
    help,
    labelNames: ['queue'],
    inject: [QueueFigures],
    collect(this: Gauge, { depth }: QueueFigures) {
      this.reset();
      if (depth) for (const [queue, value] of Object.entries(read(depth))) this.set({ queue }, value);
    },
  });
}

export const eventMetrics: Provider[] = [
  gauge(
    'techmart_events_waiting',
    'Events not yet given to all subscribers (outbox) and deliveries not yet made (webhooks), counted up to 100,000',
    ({ waiting, deliveries_pending: pending }) => ({ outbox: waiting, webhooks: pending }),
  ),
  gauge(
    'techmart_events_dead',
    'Events and deliveries that were given up, counted up to 100,000',
    ({ dead, deliveries_dead: deadDeliveries }) => ({ outbox: dead, webhooks: deadDeliveries }),
  ),
  gauge('techmart_events_oldest_age_seconds', 'Age of the oldest event that is not yet given to all subscribers', (depth) => ({
    outbox: depth.oldest_age_s,
  })),
  makeCounterProvider({ name: DISPATCHED, help: 'Events given to their subscribers by this process', labelNames: ['outcome'] }),
  makeCounterProvider({ name: DELIVERIES, help: 'Attempts to deliver to webhooks by this process', labelNames: ['outcome'] }),
  makeHistogramProvider({
    name: DURATION,
    help: 'Time that an attempt to deliver to a webhook took',
    buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  }),
];
