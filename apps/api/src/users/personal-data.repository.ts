import { Invalidations } from '../cache/invalidations.js';
import { cacheTags } from '../cache/cache-types.js';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import { userColumns } from './user-row.js';
import type { User } from './users.dto.js';

/** What is kept about a person, kind by kind, newest first; `most` bounds what one export takes of memory. */
const parts: readonly { readonly name: string; readonly most: number; readonly sql: string }[] = [
  {
    name: 'sessions',
    most: 1000,
    sql: `SELECT id, user_agent, host(ip) AS ip, created_at, last_used_at, expires_at, revoked_at FROM sessions
           WHERE user_id = $1 ORDER BY last_used_at DESC, id`,
  },
  {
    name: 'one_time_tokens',
    most: 1000,
    sql: 'SELECT purpose, created_at, expires_at, used_at FROM one_time_tokens WHERE user_id = $1 ORDER BY id DESC',
  },
  {
    name: 'cart',
    most: 1000,
    sql: 'SELECT product_id, quantity, created_at, updated_at FROM cart_items WHERE user_id = $1 ORDER BY product_id',
  },
  {
    name: 'orders',
    most: 5000,
    sql: `SELECT id, order_number, status, payment_status, payment_method, total_amount, shipping_address, billing_address, notes, created_at,
                 updated_at, shipped_at, delivered_at,
                 (SELECT json_agg(json_build_object('product_id', i.product_id, 'name', i.name, 'sku', i.sku, 'quantity', i.quantity,
                    'unit_price', i.unit_price, 'total_price', i.total_price) ORDER BY i.id) FROM order_items i WHERE i.order_id = o.id) AS items
            FROM orders o WHERE user_id = $1 ORDER BY created_at DESC, id DESC`,
  },
  {
    name: 'reviews',
    most: 5000,
    sql: `SELECT id, product_id, rating, title, comment, is_verified_purchase, is_approved, created_at FROM reviews
           WHERE user_id = $1 ORDER BY id DESC`,
  },
  {
    name: 'posts',
    most: 1000,
    sql: `SELECT id, title, slug, body, view_count, published_at, created_at, updated_at FROM posts
           WHERE author_id = $1 ORDER BY published_at DESC, id DESC`,
  },
  {
    name: 'comments',
    most: 5000,
    sql: 'SELECT id, post_id, body, created_at, updated_at FROM comments WHERE author_id = $1 ORDER BY id DESC',
  },
  {
    name: 'products',
    most: 5000,
    sql: 'SELECT id, name, slug, sku, price, is_active, created_at, updated_at FROM products WHERE seller_id = $1 ORDER BY id DESC',
  },
  {
    name: 'audit',
    most: 5000,
    sql: `SELECT id, actor_id, action, entity_type, entity_id, changes, request_id, host(ip) AS ip, created_at FROM audit_log
           WHERE actor_id = $1 OR (entity_type = 'user' AND entity_id = $1) ORDER BY id DESC`,
  },
];

// The row stays, under a pseudonym: orders, reviews and posts refer to it. The hash is none that a password could match.
const anonymise = `
  UPDATE users SET username = 'deleted-' || id, email = 'deleted-' || id || '@deleted.invalid', password_hash = '', first_name = 'Deleted',
         last_name = 'user', phone = NULL, is_active = false, is_verified = false, user_type = 'customer', last_login = NULL,
         erased_at = now(), version = version + 1
   WHERE id = $1`;

// In the order in which check-outs take them.
const deactivateProducts = `
  UPDATE products SET is_active = false, version = version + 1
   WHERE id IN (SELECT id FROM products WHERE seller_id = $1 AND is_active ORDER BY id FOR NO KEY UPDATE) RETURNING id`;

const eraseOrders = [
  anonymise,
  // Those still on their way need their address: theirs goes when they are done, by the trigger orders_erase_addresses.
  `UPDATE orders SET shipping_address = '(erased)', billing_address = '(erased)', notes = NULL
    WHERE user_id = $1 AND status IN ('delivered', 'cancelled')`,
];

const eraseRest = [
  'DELETE FROM sessions WHERE user_id = $1',
  'DELETE FROM one_time_tokens WHERE user_id = $1',
  'DELETE FROM cart_items WHERE user_id = $1',
  'DELETE FROM idempotency_keys WHERE user_id = $1',
  'UPDATE audit_log SET ip = NULL WHERE actor_id = $1 AND ip IS NOT NULL',
  `UPDATE audit_log SET changes = '{}' WHERE entity_type = 'user' AND entity_id = $1`,
];

export interface PersonalData {
  readonly profile: User | undefined;
  readonly lists: Readonly<Record<string, unknown[]>>;
  readonly truncated: readonly string[];
}

/** Everything that is held about one person: to be handed out, and to be forgotten. */
@Injectable()
export class PersonalDataRepository {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly invalidations: Invalidations,
  ) {}

  /** One statement for each kind of thing, on one connection, all as of one moment. */
  read(userId: number): Promise<PersonalData> {
    return this.dataSource.transaction('REPEATABLE READ', async (manager) => {
      const [profile] = await manager.query<User[]>(`SELECT ${userColumns} FROM users WHERE id = $1`, [userId]);
      const lists: Record<string, unknown[]> = {};
      const truncated: string[] = [];
      for (const { name, most, sql } of parts) {
        const rows = await manager.query<unknown[]>(`${sql} LIMIT ${most + 1}`, [userId]);
        if (rows.length > most) truncated.push(name);
        lists[name] = rows.slice(0, most);
      }
      return { profile, lists, truncated };
    });
  }

  async erase(manager: EntityManager, userId: number): Promise<void> {
    for (const statement of eraseOrders) await manager.query(statement, [userId]);
    const [products] = await manager.query<[{ id: number }[], number]>(deactivateProducts, [userId]);
    for (const statement of eraseRest) await manager.query(statement, [userId]);
    const { user, cart, ordersOf, catalogue, categories, posts, product } = cacheTags;
    const ids = products.map(({ id }) => product(id));
    const own = [user(userId), cart(userId), ordersOf(userId)];
    await this.invalidations.after(manager, ...own, catalogue, categories, posts, ...ids);
  }
}
