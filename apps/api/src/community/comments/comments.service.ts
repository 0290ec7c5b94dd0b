import { Invalidations } from '../../cache/invalidations.js';
import { cacheTags } from '../../cache/cache-types.js';
import { inTransaction } from '@app/database';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource, EntityManager } from 'typeorm';
import { AuditService } from '../../audit/audit.service.js';
import type { Identity } from '../../http/access.js';
import { paginate, pageWindow, type PageRequest } from '../../http/page.js';
import { invalidCursor, postNotFound } from '../community.problems.js';
import { commentCursor, type Comment, type CommentPage } from './comments.dto.js';
import { commentNotFound, commentNotYours } from './comments.problems.js';
import { CommentsRepository, type Actor } from './comments.repository.js';

const actorOf = ({ userId, role }: Identity): Actor => ({ userId, isAdmin: role === 'admin' });

@Injectable()
export class CommentsService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly comments: CommentsRepository,
    private readonly audit: AuditService,
    private readonly invalidations: Invalidations,
  ) {}

  async list(postId: number, query: PageRequest): Promise<CommentPage> {
    const kind = `comments-of-${postId}`;
    const window = pageWindow(query, kind);
    const after = window.after && commentCursor.safeParse(window.after);
    if (after && !after.success) throw invalidCursor();
    const found = await this.comments.list(postId, {
      limit: window.limit,
      offset: window.offset,
      ...(after ? { after: after.data[0] } : {}),
    });
    if (!found) throw postNotFound(postId);
    const { rows, pagination } = paginate(found.comments, window, { count: found.count }, { kind, key: ({ id }) => [id] });
    return { comments: [...rows], pagination };
  }

  async get(id: number): Promise<Comment> {
    const comment = await this.comments.find(id);
    if (!comment) throw commentNotFound(id);
    return comment;
  }

  async create(authorId: number, postId: number, body: string): Promise<Comment> {
    const comment = await this.comments.insert(postId, authorId, body);
    if (!comment) throw postNotFound(postId);
    await this.invalidations.now(cacheTags.posts, cacheTags.user(authorId));
    return comment;
  }

  edit(user: Identity, id: number, body: string): Promise<Comment> {
    return inTransaction(this.dataSource, async (manager) => {
      const comment = await this.comments.edit(manager, id, actorOf(user), body);
      if (!comment) throw commentNotYours(id);
      await this.recordModeration(manager, user, 'comment.update', comment);
      return comment;
    });
  }

  async delete(user: Identity, id: number): Promise<void> {
    await inTransaction(this.dataSource, async (manager) => {
      const comment = await this.comments.delete(manager, id, actorOf(user));
      if (!comment) throw commentNotYours(id);
      await this.invalidations.after(manager, cacheTags.posts, cacheTags.user(comment.author.id));
      await this.recordModeration(manager, user, 'comment.delete', comment);
    });
  }

  private async recordModeration(manager: EntityManager, { userId }: Identity, action: string, comment: Comment): Promise<void> {
    const { id, post_id, author, body } = comment;
    if (author.id === userId) return;
    const changes = { post_id, author_id: author.id, body };
    await this.audit.record(manager, { actorId: userId, action, entityType: 'comment', entityId: id, changes });
  }
}
