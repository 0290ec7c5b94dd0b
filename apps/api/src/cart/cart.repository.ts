import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import type { Cart } from './cart.dto.js';

export interface Addition {
  readonly userId: number;
  readonly productId: number;
  readonly quantity: number;
  /** Products that a cart may hold; a little more when several are added at once. */
  readonly maxProducts: number;
  readonly maxQuantity: number;
}

interface AdditionOutcome {
  /** False: the account has been erased meanwhile. */
  readonly has_owner: boolean;
  readonly is_on_sale: boolean;
  readonly has_room: boolean;
  readonly is_added: boolean;
}

const read = `
  SELECT coalesce(json_agg(json_build_object('product_id', line.product_id, 'name', line.name, 'slug', line.slug, 'quantity', line.quantity,
           'unit_price', line.unit_price, 'total_price', line.total_price, 'stock_quantity', line.stock_quantity,
           'available', line.available) ORDER BY line.id), '[]') AS items,
         coalesce(sum(line.quantity), 0) AS total_quantity, coalesce(sum(line.total_price), 0) AS total_amount
    FROM (SELECT c.id, c.product_id, p.name, p.slug, c.quantity, p.effective_price AS unit_price, p.effective_price * c.quantity AS total_price,
                 p.stock_quantity, p.is_active AND p.stock_quantity >= c.quantity AS available
            FROM cart_items c JOIN products p ON p.id = c.product_id WHERE c.user_id = $1) AS line`;

// The sum is made under the row's lock, so that additions at once add up and none passes the limit. The owner's lock lets an erasure that
// is under way end first, or makes it wait and find the line.
const add = `
  WITH owner AS MATERIALIZED (
    SELECT id FROM users WHERE id = $1 AND erased_at IS NULL FOR SHARE
  ), product AS (
    SELECT id FROM products WHERE id = $2 AND is_active
  ), room AS (
    SELECT 1 WHERE (SELECT count(*) FROM cart_items WHERE user_id = $1 AND product_id <> $2) < $4
  ), added AS (
    INSERT INTO cart_items AS line (user_id, product_id, quantity) SELECT owner.id, product.id, $3 FROM owner, product, room
    ON CONFLICT (user_id, product_id) DO UPDATE SET quantity = line.quantity + excluded.quantity
      WHERE line.quantity + excluded.quantity <= $5
    RETURNING 1
  )
  SELECT EXISTS (SELECT FROM owner) AS has_owner, EXISTS (SELECT FROM product) AS is_on_sale, EXISTS (SELECT FROM room) AS has_room, EXISTS (SELECT FROM added) AS is_added`;

// In the order in which a check-out takes the lines.
const clear = `
  DELETE FROM cart_items WHERE id IN (SELECT id FROM cart_items WHERE user_id = $1 ORDER BY product_id FOR UPDATE)`;

@Injectable()
export class CartRepository {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  async find(userId: number): Promise<Cart> {
    const [cart]: [Cart] = await this.dataSource.query(read, [userId]);
    return cart;
  }

  async add({ userId, productId, quantity, maxProducts, maxQuantity }: Addition): Promise<AdditionOutcome> {
    const [outcome]: [AdditionOutcome] = await this.dataSource.query(add, [userId, productId, quantity, maxProducts, maxQuantity]);
    return outcome;
  }

  /** False: the product is not in the cart. */
  async setQuantity(userId: number, productId: number, quantity: number): Promise<boolean> {
    const sql = 'UPDATE cart_items SET quantity = $3 WHERE user_id = $1 AND product_id = $2';
    const [, changed]: [unknown, number] = await this.dataSource.query(sql, [userId, productId, quantity]);
    return changed > 0;
  }

  /** False: the product was not in the cart. */
  async remove(userId: number, productId: number): Promise<boolean> {
    const sql = 'DELETE FROM cart_items WHERE user_id = $1 AND product_id = $2';
    const [, removed]: [unknown, number] = await this.dataSource.query(sql, [userId, productId]);
    return removed > 0;
  }

  async clear(userId: number): Promise<void> {
    await this.dataSource.query(clear, [userId]);
  }
}
