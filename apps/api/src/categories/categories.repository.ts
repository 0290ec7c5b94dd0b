import { isCheckViolation, isForeignKeyViolation, isUniqueViolation } from '@app/database';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import type { Category, CategoryChange, NewCategory } from './categories.dto.js';
import { categoryCycle, categoryNotFound, categorySlugTaken, siblingNameTaken } from './categories.problems.js';
import { categoryById, flatTree, insertCategory, lockCategory, usesOfCategory } from './categories.sql.js';
import type { FlatCategory } from './category-tree.js';
import { slugify } from '../http/slug.js';

const columns: readonly (keyof CategoryChange)[] = ['name', 'slug', 'description', 'parent_id', 'sort_order'];

/** What stands when the database refused: the problem of the rule that was broken. */
function broken(error: unknown, id: number | undefined, parentId: number | null | undefined): unknown {
  if (isUniqueViolation(error, 'categories_sibling_name_key')) return siblingNameTaken();
  if (isUniqueViolation(error, 'categories_slug_key')) return categorySlugTaken();
  if (isCheckViolation(error, 'categories_no_cycle') && id !== undefined) return categoryCycle(id);
  if (isForeignKeyViolation(error, 'categories_parent_id_fkey') && parentId) return categoryNotFound(parentId);
  return error;
}

@Injectable()
export class CategoriesRepository {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  listFlat(): Promise<FlatCategory[]> {
    return this.dataSource.query(flatTree);
  }

  async find(id: number, manager: Pick<EntityManager, 'query'> = this.dataSource): Promise<Category | undefined> {
    const [row] = await manager.query<Category[]>(categoryById, [id]);
    return row;
  }

  async insert(manager: EntityManager, { name, slug, description, parent_id, sort_order }: NewCategory): Promise<number> {
    const base = slugify(name, 80, 'category');
    const values = [name, slug ?? null, base, description ?? null, parent_id ?? null, sort_order ?? 0];
    try {
      const [row] = await manager.query<{ id: number }[]>(insertCategory, values);
      if (!row) throw new Error('the insert gave no row');
      return row.id;
    } catch (error) {
      throw broken(error, undefined, parent_id);
    }
  }

  /**
   * Moves wait for each other, as the table's trigger has it. Taken before any row: the trigger takes it when the statement has locked its
   * own row already, which a move of what is above that one may want.
   */
  async lockTree(manager: EntityManager): Promise<void> {
    await manager.query(`SELECT pg_advisory_xact_lock(hashtextextended('categories.path', 0))`);
  }

  /** False: there is no such category. */
  async update(manager: EntityManager, id: number, change: CategoryChange): Promise<boolean> {
    const fields = columns.filter((column) => change[column] !== undefined);
    const sql = `UPDATE categories SET ${fields.map((field, index) => `${field} = $${index + 2}`).join(', ')} WHERE id = $1`;
    try {
      const [, count] = await manager.query<[unknown, number]>(sql, [id, ...fields.map((field) => change[field])]);
      return count > 0;
    } catch (error) {
      throw broken(error, id, change.parent_id);
    }
  }

  /** False: there is no such category. Until the transaction ends nothing can be put under it. */
  async lock(manager: EntityManager, id: number): Promise<boolean> {
    const rows = await manager.query<unknown[]>(lockCategory, [id]);
    return rows.length > 0;
  }

  async countUses(manager: EntityManager, id: number): Promise<{ products: number; children: number }> {
    const [row] = await manager.query<{ products: number; children: number }[]>(usesOfCategory, [id]);
    return row ?? { products: 0, children: 0 };
  }

  async delete(manager: EntityManager, id: number): Promise<void> {
    await manager.query('DELETE FROM categories WHERE id = $1', [id]);
  }
}
