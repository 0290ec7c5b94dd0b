import { Invalidations } from '../../cache/invalidations.js';
import { cacheTags } from '../../cache/cache-types.js';
import { inTransaction } from '@app/database';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource, EntityManager } from 'typeorm';
import { AuditService } from '../../audit/audit.service.js';
import { paginate, pageWindow } from '../../http/page.js';
import { invalidCursor, tagNotFound } from '../community.problems.js';
import { tagCursor, type NewTag, type Tag, type TagChange, type TagPage, type TagsQuery } from './tags.dto.js';
import { TagsRepository } from './tags.repository.js';

@Injectable()
export class TagsService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly tags: TagsRepository,
    private readonly audit: AuditService,
    private readonly invalidations: Invalidations,
  ) {}

  async list(query: TagsQuery): Promise<TagPage> {
    const window = pageWindow(query, 'tags');
    const after = window.after && tagCursor.safeParse(window.after);
    if (after && !after.success) throw invalidCursor();
    const { limit, offset } = window;
    const { tags, count } = await this.tags.list(query.q, { limit, offset, ...(after ? { after: after.data[0] } : {}) });
    const { rows, pagination } = paginate(tags, window, { count }, { kind: 'tags', key: ({ position }) => [position] });
    return { tags: rows.map(({ position: _, ...tag }) => tag), pagination };
  }

  async get(id: number): Promise<Tag> {
    return found(id, await this.tags.find(id));
  }

  create(adminId: number, { name }: NewTag): Promise<Tag> {
    return this.change(adminId, 'tag.create', async (manager) => this.tags.insert(manager, name));
  }

  edit(adminId: number, id: number, { name }: TagChange): Promise<Tag> {
    if (name === undefined) return this.get(id);
    return this.change(adminId, 'tag.update', async (manager) => found(id, await this.tags.rename(manager, id, name)));
  }

  async delete(adminId: number, id: number): Promise<void> {
    await this.change(adminId, 'tag.delete', async (manager) => found(id, await this.tags.delete(manager, id)));
  }

  private change(adminId: number, action: string, write: (manager: EntityManager) => Promise<Tag>): Promise<Tag> {
    return inTransaction(this.dataSource, async (manager) => {
      const tag = await write(manager);
      await this.invalidations.after(manager, cacheTags.posts);
      const { id, name, slug } = tag;
      await this.audit.record(manager, { actorId: adminId, action, entityType: 'tag', entityId: id, changes: { name, slug } });
      return tag;
    });
  }
}

function found(id: number, tag: Tag | undefined): Tag {
  if (!tag) throw tagNotFound(id);
  return tag;
}
