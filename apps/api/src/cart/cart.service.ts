import { Injectable } from '@nestjs/common';
import { maxQuantity, type Cart, type CartAddition } from './cart.dto.js';
import { accountErased, cartFull, notInCart, notOnSale, tooMany } from './cart.problems.js';
import { CartRepository } from './cart.repository.js';

const maxProducts = 100;

@Injectable()
export class CartService {
  constructor(private readonly carts: CartRepository) {}

  get(userId: number): Promise<Cart> {
    return this.carts.find(userId);
  }

  /** Stock is a warning here, not a limit: only an order takes it. */
  async add(userId: number, { product_id, quantity }: CartAddition): Promise<Cart> {
    const outcome = await this.carts.add({ userId, productId: product_id, quantity, maxProducts, maxQuantity });
    if (!outcome.has_owner) throw accountErased();
    if (!outcome.is_on_sale) throw notOnSale(product_id);
    if (!outcome.has_room) throw cartFull(maxProducts);
    if (!outcome.is_added) throw tooMany(product_id, maxQuantity);
    return this.carts.find(userId);
  }

  async setQuantity(userId: number, productId: number, quantity: number): Promise<Cart> {
    if (!(await this.carts.setQuantity(userId, productId, quantity))) throw notInCart(productId);
    return this.carts.find(userId);
  }

  async remove(userId: number, productId: number): Promise<Cart> {
    if (!(await this.carts.remove(userId, productId))) throw notInCart(productId);
    return this.carts.find(userId);
  }

  async clear(userId: number): Promise<Cart> {
    await this.carts.clear(userId);
    return this.carts.find(userId);
  }
}
