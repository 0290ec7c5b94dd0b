import { Problem } from '@app/common';
import { tokenInvalid } from '../auth/auth.problems.js';

export const notOnSale = (id: number): Problem =>
  new Problem(404, 'product-not-found', 'Product not found', `there is no product ${id} on sale`);

export const notInCart = (id: number): Problem => new Problem(404, 'not-in-cart', 'Not in the cart', `product ${id} is not in the cart`);

export const tooMany = (id: number, max: number): Problem =>
  new Problem(409, 'cart-quantity-exceeded', 'Too many of one product', `a cart holds at most ${max} of product ${id}`, {
    extensions: { product_id: id, max_quantity: max },
  });

export const cartFull = (max: number): Problem =>
  new Problem(409, 'cart-full', 'The cart is full', `a cart holds at most ${max} products`, { extensions: { max_products: max } });

/** What the next request of the same client is told, too: its sessions have ended with the account. */
export const accountErased = (): Problem => tokenInvalid('the session has ended');
