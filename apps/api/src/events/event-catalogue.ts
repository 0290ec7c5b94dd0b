import { z } from 'zod';
import { id, money } from '../http/schema.js';

const orderItem = z.strictObject({
  product_id: id,
  name: z.string(),
  sku: z.string(),
  quantity: z.int(),
  unit_price: money,
  total_price: money,
});

const ofOrder = { order_id: id, order_number: z.string(), user_id: id };

/** Every event there is, and what it carries; `docs/events.md` says when each is written. The part before the dot is the aggregate. */
export const eventPayloads = {
  'order.placed': z.strictObject({ ...ofOrder, total_amount: money, items: z.array(orderItem) }),
  'order.status_changed': z.strictObject({
    ...ofOrder,
    from: z.string(),
    to: z.string(),
    /** Of a cancelled order: whose stock came back. */
    product_ids: z.array(id).optional(),
  }),
  'order.payment_status_changed': z.strictObject({ ...ofOrder, from: z.string(), to: z.string() }),
  'product.changed': z.strictObject({ product_id: id, fields: z.array(z.string()) }),
  'product.stock_low': z.strictObject({ product_id: id, stock_quantity: z.int() }),
  'review.approved': z.strictObject({ review_id: id, product_id: id, user_id: id, rating: z.int() }),
};

export type EventType = keyof typeof eventPayloads;
export type AggregateOf<Type extends EventType> = Type extends `${infer Aggregate}.${string}` ? Aggregate : never;
export type AggregateType = AggregateOf<EventType>;

/** What has happened to one thing. */
export type DomainEvent = {
  [Type in EventType]: {
    readonly aggregateType: AggregateOf<Type>;
    readonly aggregateId: number;
    readonly eventType: Type;
    readonly payload: z.output<(typeof eventPayloads)[Type]>;
  };
}[EventType];

/** An event as it is read from the outbox. */
export type StoredEvent = DomainEvent & {
  /** Unique, and the same at each attempt. Ascending within an aggregate. */
  readonly id: number;
  readonly createdAt: Date;
  /** How often its delivery has failed. */
  readonly attempts: number;
};

export type EventPattern = '*' | `${AggregateType}.*` | EventType;

/** The events that a pattern stands for. */
export type EventMatching<Pattern extends EventPattern> = Pattern extends '*'
  ? StoredEvent
  : Pattern extends `${infer Aggregate}.*`
    ? Extract<StoredEvent, { aggregateType: Aggregate }>
    : Extract<StoredEvent, { eventType: Pattern }>;

const eventTypes = Object.keys(eventPayloads) as EventType[];
const aggregates = [...new Set(eventTypes.map((type) => type.split('.')[0] as AggregateType))];

export const eventPatterns: readonly EventPattern[] = ['*', ...aggregates.map((aggregate) => `${aggregate}.*` as const), ...eventTypes];

export const matches = (pattern: EventPattern, { aggregateType, eventType }: DomainEvent): boolean =>
  pattern === '*' || pattern === `${aggregateType}.*` || pattern === eventType;
