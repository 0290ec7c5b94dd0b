import { Invalidations } from '../cache/invalidations.js';
import { cacheTags } from '../cache/cache-types.js';
import { inTransaction } from '@app/database';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import type { Category, CategoryChange, CategoryNode, NewCategory, TreeQuery } from './categories.dto.js';
import { categoryInUse, categoryNotFound } from './categories.problems.js';
import { CategoriesRepository } from './categories.repository.js';
import { buildTree } from './category-tree.js';

@Injectable()
export class CategoriesService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly categories: CategoriesRepository,
    private readonly audit: AuditService,
    private readonly invalidations: Invalidations,
  ) {}

  async getTree({ depth }: TreeQuery): Promise<{ categories: CategoryNode[] }> {
    return { categories: buildTree(await this.categories.listFlat(), depth) };
  }

  async get(id: number): Promise<Category> {
    const category = await this.categories.find(id);
    if (!category) throw categoryNotFound(id);
    return category;
  }

  create(actorId: number, given: NewCategory): Promise<Category> {
    return inTransaction(this.dataSource, async (manager) => {
      const id = await this.categories.insert(manager, given);
      await this.record(manager, { actorId, action: 'category.create', id, changes: given });
      return this.getWithin(manager, id);
    });
  }

  change(actorId: number, id: number, change: CategoryChange): Promise<Category> {
    return inTransaction(this.dataSource, async (manager) => {
      if (change.parent_id !== undefined) await this.categories.lockTree(manager);
      if (!(await this.categories.update(manager, id, change))) throw categoryNotFound(id);
      await this.record(manager, { actorId, action: 'category.update', id, changes: change });
      return this.getWithin(manager, id);
    });
  }

  async delete(actorId: number, id: number): Promise<void> {
    await inTransaction(this.dataSource, async (manager) => {
      if (!(await this.categories.lock(manager, id))) throw categoryNotFound(id);
      const uses = await this.categories.countUses(manager, id);
      if (uses.products > 0 || uses.children > 0) throw categoryInUse(id, uses);
      await this.categories.delete(manager, id);
      await this.record(manager, { actorId, action: 'category.delete', id, changes: {} });
    });
  }

  private async getWithin(manager: EntityManager, id: number): Promise<Category> {
    const category = await this.categories.find(id, manager);
    if (!category) throw categoryNotFound(id);
    return category;
  }

  private async record(
    manager: EntityManager,
    { actorId, action, id, changes }: { actorId: number; action: string; id: number; changes: CategoryChange },
  ): Promise<void> {
    // The products' breadcrumbs name the category.
    await this.invalidations.after(manager, cacheTags.categories, cacheTags.categoryNames, cacheTags.catalogue);
    return this.audit.record(manager, { actorId, action, entityType: 'category', entityId: id, changes });
  }
}
