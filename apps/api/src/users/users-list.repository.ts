import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { userColumns, userColumnsOf } from './user-row.js';
import type { UserRow, UsersQuery } from './users.dto.js';

interface UsersWindow {
  readonly limit: number;
  readonly offset: number;
  readonly afterId: number | null;
}

interface UserRows {
  readonly users: UserRow[];
  readonly total: number;
}

const where = `
  ($1::text IS NULL OR lower(username) LIKE $1 OR lower(email) LIKE $1 OR lower(first_name || ' ' || last_name) LIKE $1)
  AND ($2::text IS NULL OR user_type = $2) AND ($3::boolean IS NULL OR is_active = $3)`;

// The page first, then the counts of its rows alone: both are index-only look-ups. A page past the end still tells the total.
const list = `
  WITH total AS (SELECT count(*) AS total FROM users WHERE ${where}
  ), page AS (
    SELECT ${userColumns} FROM users WHERE ${where} AND ($4::bigint IS NULL OR id > $4) ORDER BY id LIMIT $5 OFFSET $6
  )
  SELECT total.total, ${userColumnsOf('p')}, (SELECT count(*) FROM orders o WHERE o.user_id = p.id) AS orders_count,
         (SELECT count(*) FROM posts c WHERE c.author_id = p.id) AS posts_count
    FROM total LEFT JOIN page p ON true ORDER BY p.id`;

const likePattern = (text: string): string => `%${text.toLowerCase().replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;

@Injectable()
export class UsersListRepository {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** One user more than `limit` when there are further ones. */
  async list(query: UsersQuery, { limit, offset, afterId }: UsersWindow): Promise<UserRows> {
    const filters = [query.q === undefined ? null : likePattern(query.q), query.user_type ?? null, query.is_active ?? null];
    const rows = await this.dataSource.query<(UserRow & { total: number })[]>(list, [...filters, afterId, limit + 1, offset]);
    return {
      users: rows.filter((row) => row.id !== null).map(({ total: _, ...row }) => row),
      total: rows[0]?.total ?? 0,
    };
  }
}
