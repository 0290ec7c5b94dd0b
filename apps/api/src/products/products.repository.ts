import { isCheckViolation, isForeignKeyViolation, isUniqueViolation } from '@app/database';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import type { CountedRow, Product, ProductChange } from './products.dto.js';
import { categoryUnknown, productSlugTaken, salePriceTooHigh, sellerUnknown, skuTaken } from './products.problems.js';
import { detailColumns, fromProducts, rowColumns } from './products.sql.js';

const popular = `
  SELECT ${rowColumns}, top.order_count
    FROM (SELECT pp.product_id, pp.order_count FROM product_popularity pp JOIN products a ON a.id = pp.product_id
           WHERE a.is_active AND pp.order_count > 0 ORDER BY pp.order_count DESC, pp.product_id DESC LIMIT $1) AS top
    JOIN products p ON p.id = top.product_id JOIN categories c ON c.id = p.category_id
   ORDER BY top.order_count DESC, p.id DESC`;

// Bought together first; the rest of the places go to the most popular of the same category.
const related = `
  WITH this AS (SELECT id, category_id FROM products WHERE id = $1 AND is_active),
       together AS (
         SELECT a.related_product_id AS id, a.order_count, 1 AS place FROM product_affinity a JOIN this ON this.id = a.product_id
           JOIN products r ON r.id = a.related_product_id AND r.is_active
          ORDER BY a.order_count DESC, a.related_product_id LIMIT $2),
       beside AS (
         SELECT s.id, coalesce(pp.order_count, 0) AS order_count, 2 AS place FROM this JOIN products s ON s.category_id = this.category_id
           LEFT JOIN product_popularity pp ON pp.product_id = s.id
          WHERE s.is_active AND s.id <> this.id AND s.id NOT IN (SELECT id FROM together)
          ORDER BY order_count DESC, s.id LIMIT $2),
       chosen AS (SELECT * FROM together UNION ALL SELECT * FROM beside ORDER BY place, order_count DESC, id LIMIT $2)
  SELECT EXISTS (SELECT FROM this) AS is_known, shown.*
    FROM (SELECT 1) AS always
    LEFT JOIN LATERAL (SELECT ${rowColumns}, chosen.order_count, chosen.place ${fromProducts} JOIN chosen ON chosen.id = p.id) AS shown ON true
   ORDER BY shown.place, shown.order_count DESC, shown.id`;

// Made once: whoever counts statements by their text compares a pointer instead of a kilobyte.
const activeById = `SELECT ${detailColumns} ${fromProducts} WHERE p.id = $1 AND p.is_active`;
const activeBySlug = `SELECT ${detailColumns} ${fromProducts} WHERE p.slug = $1 AND p.is_active`;

/** Who asks for a change: a seller reaches own products only, null everybody's. */
export type OwnerFilter = number | null;

@Injectable()
export class ProductsRepository {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  async find(id: number): Promise<Product | undefined> {
    const [row] = await this.dataSource.query<Product[]>(activeById, [id]);
    return row;
  }

  async findBySlug(slug: string): Promise<Product | undefined> {
    const [row] = await this.dataSource.query<Product[]>(activeBySlug, [slug]);
    return row;
  }

  /** Whatever its state: for the answer to whoever changed it. */
  async read(manager: EntityManager, id: number): Promise<Product | undefined> {
    const [row] = await manager.query<Product[]>(`SELECT ${detailColumns} ${fromProducts} WHERE p.id = $1`, [id]);
    return row;
  }

  findPopular(limit: number): Promise<CountedRow[]> {
    return this.dataSource.query(popular, [limit]);
  }

  /** Undefined when there is no such active product. */
  async findRelated(id: number, limit: number): Promise<CountedRow[] | undefined> {
    const rows = await this.dataSource.query<(CountedRow & { is_known: boolean; place: number })[]>(related, [id, limit]);
    if (!rows[0]?.is_known) return undefined;
    return rows.filter((row) => row.id !== null).map(({ is_known: _, place: __, ...row }) => row);
  }

  /** Undefined: the slug is taken. */
  async create(manager: EntityManager, values: Readonly<Record<string, unknown>>): Promise<number | undefined> {
    const fields = Object.entries(values).filter(([, value]) => value !== undefined);
    const placeholders = fields.map((_, index) => `$${index + 1}`).join(', ');
    const sql = `INSERT INTO products (${fields.map(([field]) => field).join(', ')}) VALUES (${placeholders})
                 ON CONFLICT (slug) DO NOTHING RETURNING id`;
    const parameters = fields.map(([, value]) => value);
    const [row] = await translated(() => manager.query<{ id: number }[]>(sql, parameters));
    return row?.id;
  }

  async isSeller(manager: EntityManager, userId: number): Promise<boolean> {
    const sql = `SELECT FROM users WHERE id = $1 AND user_type IN ('seller', 'admin') AND is_active`;
    return (await manager.query<unknown[]>(sql, [userId])).length > 0;
  }

  /** How a product of this owner stands, locked until the transaction ends; undefined: there is none, or it is another's. */
  async lock(manager: EntityManager, id: number, owner: OwnerFilter): Promise<{ version: number; is_active: boolean } | undefined> {
    const sql = 'SELECT version, is_active FROM products WHERE id = $1 AND ($2::bigint IS NULL OR seller_id = $2) FOR NO KEY UPDATE';
    const [row] = await manager.query<{ version: number; is_active: boolean }[]>(sql, [id, owner]);
    return row;
  }

  /** The new stock goes to the ledger under the actor's name. */
  async update(manager: EntityManager, id: number, actorId: number, changes: ProductChange): Promise<void> {
    const fields = Object.entries(changes).filter(([, value]) => value !== undefined);
    const sets = fields.map(([field], index) => `${field} = $${index + 2}, `).join('');
    if (changes.stock_quantity !== undefined) {
      await manager.query(`SELECT set_config('techmart.stock_actor_id', $1, true)`, [String(actorId)]);
    }
    const parameters = [id, ...fields.map(([, value]) => value)];
    await translated(() => manager.query(`UPDATE products SET ${sets}version = version + 1 WHERE id = $1`, parameters));
  }
}

async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isUniqueViolation(error, 'products_sku_key')) throw skuTaken();
    if (isUniqueViolation(error, 'products_slug_key')) throw productSlugTaken();
    if (isCheckViolation(error, 'products_sale_price_check')) throw salePriceTooHigh();
    if (isForeignKeyViolation(error, 'products_category_id_fkey')) throw categoryUnknown();
    if (isForeignKeyViolation(error, 'products_seller_id_fkey')) throw sellerUnknown();
    throw error;
  }
}
