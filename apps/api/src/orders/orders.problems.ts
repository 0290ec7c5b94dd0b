import { Problem } from '@app/common';

interface Shortage {
  readonly product_id: number;
  readonly name: string;
  readonly requested: number;
  readonly available: number;
}

interface Move {
  readonly from: string;
  readonly to: string;
  readonly allowed: readonly string[];
}

export const orderNotFound = (id: number): Problem =>
  new Problem(404, 'order-not-found', 'Order not found', `there is no order ${id} of yours`);

export const invalidCursor = (): Problem => {
  const message = 'not a cursor that this service gave out';
  return new Problem(400, 'invalid-input', 'The request is not valid', message, { errors: [{ pointer: '/cursor', message }] });
};

export const cartEmpty = (): Problem => new Problem(409, 'cart-empty', 'The cart is empty', 'add products to the cart, or send items');

export const outOfStock = (products: readonly Shortage[]): Problem => {
  const lines = products.map(({ name, requested, available }) => `${name}: ${requested} requested, ${available} available`);
  return new Problem(409, 'out-of-stock', 'Not enough in stock', lines.join('; '), { extensions: { products } });
};

const missing = (ids: readonly number[]) => ({
  detail: `not on sale: product ${ids.join(', product ')}`,
  options: { extensions: { products: ids.map((product_id) => ({ product_id })) } },
});

/** The client named them: they are not there. */
export const productsNotFound = (ids: readonly number[]): Problem =>
  new Problem(404, 'product-not-found', 'Product not found', missing(ids).detail, missing(ids).options);

/** They were on sale when they were put into the cart. */
export const productsUnavailable = (ids: readonly number[]): Problem =>
  new Problem(409, 'products-unavailable', 'The cart holds products that are no longer on sale', missing(ids).detail, missing(ids).options);

export const orderTooLarge = (cause: unknown): Problem =>
  new Problem(409, 'order-too-large', 'The order is too large', 'an order may cost at most 99999999.99', { cause });

export const keyReused = (): Problem =>
  new Problem(422, 'idempotency-key-reused', 'The idempotency key was used for another order', 'send a new key with a new order');

export const stillRunning = (): Problem =>
  new Problem(409, 'order-in-progress', 'The first request with this key is still running', 'send it again in a moment', {
    headers: { 'retry-after': '1' },
  });

export const checkoutBusy = (cause?: unknown): Problem =>
  new Problem(503, 'checkout-busy', 'Check-out is busy', undefined, { headers: { 'retry-after': '1' }, cause });

export const moveNotAllowed = (field: string, { from, to, allowed }: Move): Problem => {
  const ways = allowed.length > 0 ? `allowed: ${allowed.join(', ')}` : 'no move is allowed';
  return new Problem(409, 'move-not-allowed', 'The order cannot be moved so', `${field} ${from} to ${to}; ${ways}`, {
    extensions: { field, from, to, allowed },
  });
};

export const notAllYours = (id: number): Problem =>
  new Problem(403, 'order-of-several-sellers', 'The order is not all yours', `order ${id} has items of others; an admin moves it`);
