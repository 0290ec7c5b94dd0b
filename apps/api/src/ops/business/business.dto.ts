import { z } from 'zod';
import { answeredTimestamp } from '../../http/schema.js';
import { orderStatuses } from '../../orders/order-status.js';

const count = z.int().min(0);

/** What the worker computes and the table holds. Days are UTC; cancelled orders are no revenue. */
export const businessFigures = z.object({
  users: z.object({ total: count, active_today: count.describe('Logged in today'), new_today: count }),
  products: z.object({ total: count.describe('Active ones'), low_stock: count.describe('Active, 10 or fewer in stock') }),
  orders: z.object({
    today: count,
    yesterday: count,
    growth: z.number().describe('Percent: difference ÷ max(yesterday, 1) × 100'),
    by_status: z.record(z.enum(orderStatuses), count),
    last_hour: count,
  }),
  revenue: z.object({
    today: z.number(),
    month: z.number().describe('The last 30 days'),
    avg_order_value: z.number().describe('Of the last 30 days'),
  }),
  conversion: z.number().min(0).max(1).describe('Of those who filled a cart or ordered in the last 7 days, the share that ordered'),
  top_products: z.array(z.object({ id: z.int(), name: z.string(), total_sold: count })).describe('The five of the last 7 days'),
});
export type BusinessFigures = z.output<typeof businessFigures>;

export const businessReport = businessFigures.extend({ computed_at: answeredTimestamp }).meta({
  id: 'BusinessFigures',
  examples: [
    {
      users: { total: 20_000, active_today: 10_400, new_today: 12 },
      products: { total: 47_500, low_stock: 310 },
      orders: {
        today: 1730,
        yesterday: 1650,
        growth: 4.85,
        by_status: { pending: 210, processing: 400, shipped: 900, delivered: 93_000, cancelled: 5490 },
        last_hour: 74,
      },
      revenue: { today: 201_733.1, month: 5_900_210.55, avg_order_value: 116.4 },
      conversion: 0.61,
      top_products: [{ id: 77, name: 'Acme Wireless Headphones 300', total_sold: 310 }],
      computed_at: '2026-01-31T12:00:00.000Z',
    },
  ],
});
export type BusinessReport = z.output<typeof businessReport>;
