import { z } from 'zod';
import { pageParameters, pagination } from '../http/page.js';
import { answeredTimestamp, id, line, money, text } from '../http/schema.js';
import { orderStatuses, paymentStatuses } from './order-status.js';

const address = text(1000).regex(/\S/, 'must not be blank');

export const newOrder = z
  .strictObject({
    items: z
      .array(z.strictObject({ product_id: id, quantity: z.int().min(1).max(1_000_000) }))
      .min(1)
      .max(100)
      .optional()
      .describe('What to buy; left out: the cart. Lines of one product are added up'),
    shipping_address: address,
    billing_address: address.nullish().describe('The shipping address unless told'),
    payment_method: line(50).regex(/\S/, 'must not be blank'),
    notes: text(2000).nullish(),
  })
  .meta({
    id: 'NewOrder',
    examples: [{ items: [{ product_id: 1, quantity: 2 }], shipping_address: 'Calle Mayor 1, 28013 Madrid', payment_method: 'card' }],
  });

export const statusMove = z
  .strictObject({ status: z.enum(orderStatuses) })
  .meta({ id: 'StatusMove', examples: [{ status: 'processing' }] });

export const paymentMove = z
  .strictObject({ payment_status: z.enum(paymentStatuses) })
  .meta({ id: 'PaymentMove', examples: [{ payment_status: 'paid' }] });

export const ownOrdersQuery = z.object({ ...pageParameters, status: z.enum(orderStatuses).optional() });

export const allOrdersQuery = z.object({
  ...pageParameters,
  status: z.enum(orderStatuses).optional(),
  payment_status: z.enum(paymentStatuses).optional(),
});

/** What a cursor must hold: microseconds since the epoch, and an id. */
export const orderCursor = z.tuple([id, id]);

const orderItem = z.object({
  product_id: id,
  name: z.string(),
  sku: z.string(),
  quantity: z.int(),
  unit_price: money,
  total_price: money,
});

const fields = {
  id,
  order_number: z.string(),
  status: z.enum(orderStatuses),
  payment_status: z.enum(paymentStatuses),
  payment_method: z.string(),
  total_amount: money,
  items: z.array(orderItem),
  shipping_address: z.string(),
  billing_address: z.string(),
  notes: z.string().nullable(),
  created_at: answeredTimestamp,
  updated_at: answeredTimestamp,
  shipped_at: answeredTimestamp.nullable(),
  delivered_at: answeredTimestamp.nullable(),
};

const example = {
  id: 1,
  order_number: 'TM-7Z3K9QX0M4TBE',
  status: 'pending' as const,
  payment_status: 'pending' as const,
  payment_method: 'card',
  total_amount: 59.98,
  items: [{ product_id: 1, name: 'Wireless headphones', sku: 'WH-1', quantity: 2, unit_price: 29.99, total_price: 59.98 }],
  shipping_address: 'Calle Mayor 1, 28013 Madrid',
  billing_address: 'Calle Mayor 1, 28013 Madrid',
  notes: null,
  created_at: '2026-01-31T12:00:00.000Z' as unknown as Date,
  updated_at: '2026-01-31T12:00:00.000Z' as unknown as Date,
  shipped_at: null,
  delivered_at: null,
};

export const order = z.object(fields).meta({ id: 'Order', examples: [example] });

const orderEvent = z.object({
  field: z.enum(['status', 'payment_status']),
  from: z.string().nullable().describe('null: the order was placed'),
  to: z.string(),
  actor_id: id.nullable().describe('Who moved it; null: the service itself'),
  at: answeredTimestamp,
});

const placed = { field: 'status' as const, from: null, to: 'pending', actor_id: 42, at: example.created_at };

export const orderDetail = z
  .object({ ...fields, history: z.array(orderEvent).describe('Every move, oldest first') })
  .meta({ id: 'OrderDetail', examples: [{ ...example, history: [placed] }] });

export const orderPage = z.object({ orders: z.array(order), pagination }).meta({ id: 'OrderPage' });

export type NewOrder = z.output<typeof newOrder>;
export type Order = z.output<typeof order>;
export type OrderDetail = z.output<typeof orderDetail>;
export type StatusMove = z.output<typeof statusMove>;
export type PaymentMove = z.output<typeof paymentMove>;
export type OwnOrdersQuery = z.output<typeof ownOrdersQuery>;
export type OrdersQuery = z.output<typeof allOrdersQuery>;
