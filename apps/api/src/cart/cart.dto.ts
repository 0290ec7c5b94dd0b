import { z } from 'zod';
import { id, money } from '../http/schema.js';

export const maxQuantity = 99;

const quantity = z.int().min(1).max(maxQuantity);

export const cartAddition = z
  .strictObject({ product_id: id, quantity })
  .meta({ id: 'CartAddition', examples: [{ product_id: 1, quantity: 2 }] });

export const cartQuantity = z.strictObject({ quantity }).meta({ id: 'CartQuantity', examples: [{ quantity: 3 }] });

const cartItem = z.object({
  product_id: id,
  name: z.string(),
  slug: z.string(),
  quantity,
  unit_price: money.describe('The price of this moment; an order fixes it'),
  total_price: z.number().min(0),
  stock_quantity: z.int(),
  available: z.boolean().describe('Whether this quantity could be bought now'),
});

export const cart = z.object({ items: z.array(cartItem), total_quantity: z.int(), total_amount: z.number().min(0) }).meta({
  id: 'Cart',
  examples: [
    {
      items: [
        {
          product_id: 1,
          name: 'Wireless headphones',
          slug: 'wireless-headphones',
          quantity: 2,
          unit_price: 29.99,
          total_price: 59.98,
          stock_quantity: 14,
          available: true,
        },
      ],
      total_quantity: 2,
      total_amount: 59.98,
    },
  ],
});

export type CartAddition = z.output<typeof cartAddition>;
export type CartQuantity = z.output<typeof cartQuantity>;
export type Cart = z.output<typeof cart>;
