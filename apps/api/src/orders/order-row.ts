import type { Order } from './orders.dto.js';

const optionalDate = (value: Date | null): Date | null => value && new Date(value);

/** The order out of a wider row, or out of JSON, whose dates are text: the fields that every route gives, in one order. */
export const toOrder = (row: Order): Order => ({
  id: row.id,
  order_number: row.order_number,
  status: row.status,
  payment_status: row.payment_status,
  payment_method: row.payment_method,
  total_amount: row.total_amount,
  items: row.items.map(({ product_id, name, sku, quantity, unit_price, total_price }) => {
    return { product_id, name, sku, quantity, unit_price, total_price };
  }),
  shipping_address: row.shipping_address,
  billing_address: row.billing_address,
  notes: row.notes,
  created_at: new Date(row.created_at),
  updated_at: new Date(row.updated_at),
  shipped_at: optionalDate(row.shipped_at),
  delivered_at: optionalDate(row.delivered_at),
});
