import { isUniqueViolation } from '@app/database';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource, EntityManager } from 'typeorm';
import { slugOf } from '../slug.js';
import type { Tag } from './tags.dto.js';
import { tagTaken } from './tags.problems.js';

interface TagWindow {
  readonly limit: number;
  readonly offset: number;
  /** Lower-case name of the last tag seen. */
  readonly after?: string;
}

export type ListedTag = Tag & { readonly position: string };

const columns = `t.id, t.name, t.slug, (SELECT count(*)::integer FROM post_tags pt WHERE pt.tag_id = t.id) AS posts_count`;

const filtered = `($1::text IS NULL OR position(lower($1) IN lower(t.name)) > 0)`;

const page = `
  SELECT total.count, ${columns}, lower(t.name) AS position
    FROM (SELECT count(*)::integer FROM tags t WHERE ${filtered}) total
    LEFT JOIN (
      SELECT * FROM tags t WHERE ${filtered} AND ($2::text IS NULL OR lower(t.name) > $2) ORDER BY lower(t.name) LIMIT $3 OFFSET $4
    ) t ON true
   ORDER BY lower(t.name)`;

const byId = `SELECT ${columns} FROM tags t WHERE t.id = $1`;

// A name without a letter or digit leaves nothing to make a slug of but the id.
const slug = (given: string, id: string): string => `coalesce(nullif(${given}, ''), 'tag-' || ${id})`;

const insert = `
  WITH t AS (
    INSERT INTO tags (id, name, slug) SELECT next.id, $1, ${slug('$2', 'next.id')} FROM nextval(pg_get_serial_sequence('tags', 'id')) AS next (id)
    RETURNING *
  )
  SELECT t.id, t.name, t.slug, 0 AS posts_count FROM t`;

const rename = `
  WITH t AS (UPDATE tags SET name = $2, slug = ${slug('$3', 'id')} WHERE id = $1 RETURNING *)
  SELECT ${columns} FROM t`;

const remove = `WITH t AS (DELETE FROM tags WHERE id = $1 RETURNING *) SELECT ${columns} FROM t`;

const slugLength = 80;

@Injectable()
export class TagsRepository {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** By name. */
  async list(part: string | undefined, { limit, offset, after }: TagWindow): Promise<{ tags: ListedTag[]; count: number }> {
    const rows: (ListedTag & { count: number })[] = await this.dataSource.query(page, [part ?? null, after ?? null, limit + 1, offset]);
    return { count: rows[0]?.count ?? 0, tags: rows.filter((row) => row.id !== null).map(({ count: _, ...tag }) => tag) };
  }

  async find(id: number): Promise<Tag | undefined> {
    const [row]: Tag[] = await this.dataSource.query(byId, [id]);
    return row;
  }

  async insert(manager: EntityManager, name: string): Promise<Tag> {
    const [row] = await writing(name, manager.query<Tag[]>(insert, [name, slugOf(name, slugLength)]));
    if (!row) throw new Error('an insert without a condition gave no row');
    return row;
  }

  /** The slug follows the name. Undefined: there is no such tag. */
  async rename(manager: EntityManager, id: number, name: string): Promise<Tag | undefined> {
    const [row] = await writing(name, manager.query<Tag[]>(rename, [id, name, slugOf(name, slugLength)]));
    return row;
  }

  async delete(manager: EntityManager, id: number): Promise<Tag | undefined> {
    const [row]: Tag[] = await manager.query(remove, [id]);
    return row;
  }
}

async function writing<T>(name: string, query: Promise<T>): Promise<T> {
  try {
    return await query;
  } catch (error) {
    // The name or the slug: either is another tag's.
    throw isUniqueViolation(error) ? tagTaken(name, error) : error;
  }
}
