import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource, EntityManager } from 'typeorm';
import { slugOf } from '../slug.js';
import type { NewPost, Post, PostChange, TrendingPost } from './posts.dto.js';
import { addViews, deletePost, editPost, insertPost, pageOf, postById, trendingPosts, type PostScope } from './posts.sql.js';

/** Which posts. A tag or author as the scope must be there; as a filter it may be anything. */
export interface PostFilter {
  readonly scope: PostScope;
  readonly scopeId?: number;
  readonly tag?: string | undefined;
  readonly authorId?: number | undefined;
  readonly words?: string | undefined;
}

export interface PostWindow {
  readonly limit: number;
  readonly offset: number;
  /** Microseconds since the epoch and id of the last post seen. */
  readonly after?: readonly [number, number];
}

export type ListedPost = Post & { readonly position: number };

export interface PostRows {
  /** Whether what the list is about is there. */
  readonly isThere: boolean;
  readonly posts: ListedPost[];
  readonly total: { readonly count: number; readonly isEstimate: boolean };
}

/** Who asks: an admin reaches the posts of all. */
export interface Actor {
  readonly userId: number;
  readonly isAdmin: boolean;
}

/** What became of a post that was to be written; nothing when a reference is unknown. */
export interface PostWriting {
  readonly id: number | null;
  readonly unknown_tags: string[];
  readonly unknown_products: number[];
}

const countedRows = 10_000;
const slugLength = 200;

/** How often a post was seen on one day (UTC, `2026-01-31`). */
export interface DailyViews {
  readonly postId: number;
  readonly day: string;
  readonly views: number;
}

@Injectable()
export class PostsRepository {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** Newest first. */
  async list(filter: PostFilter, window: PostWindow): Promise<PostRows> {
    const { scope, scopeId = null, tag = null, authorId = null, words = null } = filter;
    const [position = null, id = null] = window.after ?? [];
    const parameters = [scopeId, tag, authorId, words, countedRows + 1, position, id, window.limit + 1, window.offset];
    const rows: (ListedPost & { count: number })[] = await this.dataSource.query(pageOf(scope), parameters);
    const count = rows[0]?.count ?? 0;
    return {
      isThere: rows.length > 0,
      posts: rows.filter((row) => row.id !== null).map(({ count: _, ...row }) => row),
      total: { count, isEstimate: count > countedRows },
    };
  }

  async find(id: number): Promise<Post | undefined> {
    const [row]: Post[] = await this.dataSource.query(postById, [id]);
    return row;
  }

  /** `today` is a date as in `2026-01-31`; the seven days end with it. */
  async trending(today: string, limit: number): Promise<TrendingPost[]> {
    return this.dataSource.query(trendingPosts, [today, limit]);
  }

  async insert(authorId: number, { title, body, tags = [], product_ids = [] }: NewPost): Promise<PostWriting> {
    const slug = slugOf(title, slugLength) || 'post';
    const rows: PostWriting[] = await this.dataSource.query(insertPost, [tags, product_ids, authorId, title, slug, body]);
    return rows[0] ?? { id: null, unknown_tags: [], unknown_products: [] };
  }

  async edit(
    manager: EntityManager,
    id: number,
    actor: Actor,
    change: PostChange,
  ): Promise<(PostWriting & { author_id: number }) | undefined> {
    const { title = null, body = null, tags = null, product_ids = null } = change;
    const parameters = [tags, product_ids, id, actor.userId, actor.isAdmin, title, body];
    const [row]: (PostWriting & { author_id: number })[] = await manager.query(editPost, parameters);
    return row;
  }

  async delete(manager: EntityManager, id: number, actor: Actor): Promise<{ author_id: number; title: string } | undefined> {
    const [row]: { author_id: number; title: string }[] = await manager.query(deletePost, [id, actor.userId, actor.isAdmin]);
    return row;
  }

  async addViews(batch: readonly DailyViews[]): Promise<void> {
    const columns = [batch.map(({ postId }) => postId), batch.map(({ day }) => day), batch.map(({ views }) => views)];
    await this.dataSource.query(addViews, columns);
  }
}
