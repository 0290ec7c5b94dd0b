import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource, EntityManager } from 'typeorm';
import type { Comment } from './comments.dto.js';

interface CommentWindow {
  readonly limit: number;
  readonly offset: number;
  /** Id of the last comment seen. */
  readonly after?: number;
}

interface CommentRows {
  readonly comments: Comment[];
  readonly count: number;
}

/** Who asks: an admin reaches the comments of all. */
export interface Actor {
  readonly userId: number;
  readonly isAdmin: boolean;
}

const columns = `
  c.id, c.post_id, CASE WHEN c.id IS NOT NULL THEN json_build_object('id', u.id, 'username', u.username) END AS author,
  c.body, c.created_at, c.updated_at`;

// The oldest first, as they are read. The total is the post's own count, exact at any size.
const page = `
  SELECT post.comments_count AS count, ${columns}
    FROM posts post
    LEFT JOIN LATERAL (
      SELECT * FROM comments WHERE post_id = post.id AND ($2::bigint IS NULL OR id > $2) ORDER BY id LIMIT $3 OFFSET $4
    ) c ON true
    LEFT JOIN users u ON u.id = c.author_id
   WHERE post.id = $1
   ORDER BY c.id`;

const byId = `SELECT ${columns} FROM comments c JOIN users u ON u.id = c.author_id WHERE c.id = $1`;

const insert = `
  WITH c AS (INSERT INTO comments (post_id, author_id, body) SELECT id, $2, $3 FROM posts WHERE id = $1 FOR KEY SHARE RETURNING *)
  SELECT ${columns} FROM c JOIN users u ON u.id = c.author_id`;

const edit = `
  WITH c AS (UPDATE comments SET body = $4 WHERE id = $1 AND (author_id = $2 OR $3) RETURNING *)
  SELECT ${columns} FROM c JOIN users u ON u.id = c.author_id`;

// The post first, as its own deletion takes them: the other way round each would wait for the other.
const remove = `
  WITH post AS (
    SELECT p.id FROM posts p JOIN comments c ON c.post_id = p.id WHERE c.id = $1 AND (c.author_id = $2 OR $3) FOR NO KEY UPDATE OF p
  ), c AS (
    DELETE FROM comments WHERE id = $1 AND EXISTS (SELECT FROM post) RETURNING *
  )
  SELECT ${columns} FROM c JOIN users u ON u.id = c.author_id`;

@Injectable()
export class CommentsRepository {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** Undefined: there is no such post. */
  async list(postId: number, { limit, offset, after }: CommentWindow): Promise<CommentRows | undefined> {
    const rows: (Comment & { count: number })[] = await this.dataSource.query(page, [postId, after ?? null, limit + 1, offset]);
    const [first] = rows;
    return first && { count: first.count, comments: rows.filter((row) => row.id !== null).map(({ count: _, ...comment }) => comment) };
  }

  async find(id: number): Promise<Comment | undefined> {
    const [row]: Comment[] = await this.dataSource.query(byId, [id]);
    return row;
  }

  /** Undefined: there is no such post. */
  async insert(postId: number, authorId: number, body: string): Promise<Comment | undefined> {
    const [row]: Comment[] = await this.dataSource.query(insert, [postId, authorId, body]);
    return row;
  }

  async edit(manager: EntityManager, id: number, actor: Actor, body: string): Promise<Comment | undefined> {
    const [row]: Comment[] = await manager.query(edit, [id, actor.userId, actor.isAdmin, body]);
    return row;
  }

  async delete(manager: EntityManager, id: number, actor: Actor): Promise<Comment | undefined> {
    const [row]: Comment[] = await manager.query(remove, [id, actor.userId, actor.isAdmin]);
    return row;
  }
}
