import { Cached } from '@app/cache';
import { Injectable } from '@nestjs/common';
import { cacheTags } from '../cache/cache-types.js';
import { Invalidations } from '../cache/invalidations.js';
import { maxQuantity, type Cart, type CartAddition } from './cart.dto.js';
import { accountErased, cartFull, notInCart, notOnSale, tooMany } from './cart.problems.js';
import { CartRepository } from './cart.repository.js';

const maxProducts = 100;

@Injectable()
export class CartService {
  constructor(
    private readonly carts: CartRepository,
    private readonly invalidations: Invalidations,
  ) {}

  /** It shows prices and stock, so the products in it end it as well. */
  @Cached({
    type: 'user_cart',
    tags: (userId: number) => [cacheTags.cart(userId)],
    tagsOf: ({ items }: Cart) => items.map((item) => cacheTags.product(item.product_id)),
  })
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
    return this.changed(userId);
  }

  async setQuantity(userId: number, productId: number, quantity: number): Promise<Cart> {
    if (!(await this.carts.setQuantity(userId, productId, quantity))) throw notInCart(productId);
    return this.changed(userId);
  }

  async remove(userId: number, productId: number): Promise<Cart> {
    if (!(await this.carts.remove(userId, productId))) throw notInCart(productId);
    return this.changed(userId);
  }

  async clear(userId: number): Promise<Cart> {
    await this.carts.clear(userId);
    return this.changed(userId);
  }

  private async changed(userId: number): Promise<Cart> {
    await this.invalidations.now(cacheTags.cart(userId));
    return this.get(userId);
  }
}
