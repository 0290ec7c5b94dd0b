import { Invalidations } from '../../cache/invalidations.js';
import { cacheTags } from '../../cache/cache-types.js';
import { systemClock } from '@app/common';
import { inTransaction } from '@app/database';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { AuditService } from '../../audit/audit.service.js';
import type { Identity } from '../../http/access.js';
import { paginate, pageWindow, type PageRequest } from '../../http/page.js';
import { invalidCursor, postNotFound, tagNotFound, userNotFound } from '../community.problems.js';
import { PostViews } from './post-views.js';
import { postCursor, type NewPost, type Post, type PostChange, type PostPage, type PostsQuery, type TrendingPost } from './posts.dto.js';
import { postNotYours, unknownReferences } from './posts.problems.js';
import { PostsRepository, type Actor, type PostFilter, type PostWriting } from './posts.repository.js';

const actorOf = ({ userId, role }: Identity): Actor => ({ userId, isAdmin: role === 'admin' });

@Injectable()
export class PostsService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly posts: PostsRepository,
    private readonly views: PostViews,
    private readonly audit: AuditService,
    private readonly invalidations: Invalidations,
  ) {}

  async list(query: PostsQuery): Promise<PostPage> {
    const { tag, author_id: authorId, q: words } = query;
    const { page } = await this.read(query, 'posts', { scope: 'everything', tag, authorId, words });
    return page;
  }

  async listByTag(tagId: number, query: PageRequest): Promise<PostPage> {
    const { isThere, page } = await this.read(query, `posts-of-tag-${tagId}`, { scope: 'tag', scopeId: tagId });
    if (!isThere) throw tagNotFound(tagId);
    return page;
  }

  async listByAuthor(authorId: number, query: PageRequest): Promise<PostPage> {
    const { isThere, page } = await this.read(query, `posts-of-user-${authorId}`, { scope: 'author', scopeId: authorId });
    if (!isThere) throw userNotFound(authorId);
    return page;
  }

  trending(limit = 10): Promise<TrendingPost[]> {
    return this.posts.trending(new Date(systemClock.now()).toISOString().slice(0, 10), limit);
  }

  /** Counts as a view. */
  async get(id: number): Promise<Post> {
    const post = await this.getWritten(id);
    this.views.count(id);
    return post;
  }

  async create(authorId: number, body: NewPost): Promise<Post> {
    const { id } = assertKnown(body, await this.posts.insert(authorId, body));
    await this.invalidations.now(cacheTags.posts, cacheTags.user(authorId));
    return this.getWritten(id);
  }

  async edit(user: Identity, id: number, change: PostChange): Promise<Post> {
    await inTransaction(this.dataSource, async (manager) => {
      const edited = await this.posts.edit(manager, id, actorOf(user), change);
      if (!edited) throw postNotYours(id);
      assertKnown(change, edited);
      await this.invalidations.after(manager, cacheTags.posts);
      if (edited.author_id === user.userId) return;
      await this.audit.record(manager, { actorId: user.userId, action: 'post.update', entityType: 'post', entityId: id, changes: change });
    });
    return this.getWritten(id);
  }

  async delete(user: Identity, id: number): Promise<void> {
    await inTransaction(this.dataSource, async (manager) => {
      const deleted = await this.posts.delete(manager, id, actorOf(user));
      if (!deleted) throw postNotYours(id);
      await this.invalidations.after(manager, cacheTags.posts, cacheTags.user(deleted.author_id));
      if (deleted.author_id === user.userId) return;
      await this.audit.record(manager, { actorId: user.userId, action: 'post.delete', entityType: 'post', entityId: id, changes: deleted });
    });
  }

  private async getWritten(id: number): Promise<Post> {
    const post = await this.posts.find(id);
    if (!post) throw postNotFound(id);
    return post;
  }

  private async read(query: PageRequest, kind: string, filter: PostFilter): Promise<{ isThere: boolean; page: PostPage }> {
    const window = pageWindow(query, kind);
    const after = window.after && postCursor.safeParse(window.after);
    if (after && !after.success) throw invalidCursor();
    const { isThere, posts, total } = await this.posts.list(filter, {
      limit: window.limit,
      offset: window.offset,
      ...(after ? { after: after.data } : {}),
    });
    const { rows, pagination } = paginate(posts, window, total, { kind, key: ({ position, id }) => [position, id] });
    return { isThere, page: { posts: rows.map(({ position: _, ...post }) => post), pagination } };
  }
}

function assertKnown(body: NewPost | PostChange, written: PostWriting): { id: number } {
  const { id, unknown_tags: tags, unknown_products: products } = written;
  if (id === null || tags.length > 0 || products.length > 0) throw unknownReferences(body, { tags, products });
  return { id };
}
