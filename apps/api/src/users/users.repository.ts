import { Invalidations } from '../cache/invalidations.js';
import { cacheTags } from '../cache/cache-types.js';
import { isUniqueViolation } from '@app/database';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import { userColumns, type Credentials, type NewUser, type UserChanges } from './user-row.js';
import type { Profile, User, UserStats } from './users.dto.js';
import { emailTaken, usernameTaken } from './users.problems.js';

const profile = `
  SELECT ${userColumns}, o.orders_count, o.total_spent
    FROM users, LATERAL (SELECT count(*) AS orders_count, coalesce(sum(total_amount) FILTER (WHERE status <> 'cancelled'), 0) AS total_spent
                           FROM orders WHERE user_id = users.id) o
   WHERE id = $1`;

const stats = `
  SELECT u.id, u.username, u.created_at, r.reviews_count, r.average_rating_given, p.posts_count, p.post_views,
         (SELECT count(*) FROM comments WHERE author_id = u.id) AS comments_count
    FROM users u,
         LATERAL (SELECT count(*) AS reviews_count, round(avg(rating), 2) AS average_rating_given FROM reviews
                   WHERE user_id = u.id AND is_approved) r,
         LATERAL (SELECT count(*) AS posts_count, coalesce(sum(view_count), 0) AS post_views FROM posts WHERE author_id = u.id) p
   WHERE u.id = $1 AND u.is_active`;

const insert = `
  INSERT INTO users (username, email, password_hash, first_name, last_name, phone, user_type, is_active, is_verified)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING ${userColumns}`;

// Locked in one order, so that two admins who leave at once wait for each other instead of blocking each other.
const lockAdmins = `SELECT id FROM users WHERE user_type = 'admin' AND is_active ORDER BY id FOR NO KEY UPDATE`;

@Injectable()
export class UsersRepository {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly invalidations: Invalidations,
  ) {}

  async find(id: number): Promise<User | undefined> {
    const [row] = await this.dataSource.query<User[]>(`SELECT ${userColumns} FROM users WHERE id = $1`, [id]);
    return row;
  }

  /** Undefined also for an erased account: nothing is written into it again. */
  async findForUpdate(manager: EntityManager, id: number): Promise<User | undefined> {
    const sql = `SELECT ${userColumns} FROM users WHERE id = $1 AND erased_at IS NULL FOR NO KEY UPDATE`;
    const [row] = await manager.query<User[]>(sql, [id]);
    return row;
  }

  async findProfile(id: number): Promise<Profile | undefined> {
    const [row] = await this.dataSource.query<Profile[]>(profile, [id]);
    return row;
  }

  async findStats(id: number): Promise<UserStats | undefined> {
    const [row] = await this.dataSource.query<(Omit<UserStats, 'user'> & UserStats['user'])[]>(stats, [id]);
    if (!row) return undefined;
    const { id: userId, username, created_at, ...figures } = row;
    return { user: { id: userId, username, created_at }, ...figures };
  }

  findCredentials(by: { readonly id: number } | { readonly email: string }): Promise<Credentials | undefined> {
    return 'id' in by ? this.findWithHash('id = $1', by.id) : this.findWithHash('lower(email) = lower($1)', by.email);
  }

  async create(manager: EntityManager, given: NewUser): Promise<User> {
    const { username, email, passwordHash, first_name, last_name, phone, user_type, is_active, is_verified } = given;
    const values = [username, email, passwordHash, first_name, last_name, phone, user_type, is_active, is_verified];
    const [row] = await translated(() => manager.query<User[]>(insert, values));
    if (!row) throw new Error('the insert gave no row');
    return row;
  }

  /** Undefined when there is no such user, when it was erased, or when the version is another one by now. */
  async update(manager: EntityManager, id: number, changes: UserChanges, version?: number): Promise<User | undefined> {
    const fields = Object.entries(changes).filter(([, value]) => value !== undefined);
    const sets = fields.map(([field], index) => `${field} = $${index + 3}, `).join('');
    const condition = 'id = $1 AND ($2::int IS NULL OR version = $2) AND erased_at IS NULL';
    const sql = `UPDATE users SET ${sets}version = version + 1 WHERE ${condition} RETURNING ${userColumns}`;
    const values = [id, version ?? null, ...fields.map(([, value]) => value)];
    const [rows] = await translated(() => manager.query<[User[], number]>(sql, values));
    await this.invalidations.after(manager, cacheTags.user(id));
    return rows[0];
  }

  /** Whether any other active admin is there. Holds the admins until the transaction ends, so that two of them cannot leave at once. */
  async hasOtherAdmin(manager: EntityManager, id: number): Promise<boolean> {
    const admins = await manager.query<{ id: number }[]>(lockAdmins);
    return admins.some((admin) => admin.id !== id);
  }

  private async findWithHash(condition: string, value: unknown): Promise<Credentials | undefined> {
    const sql = `SELECT ${userColumns}, password_hash FROM users WHERE ${condition}`;
    const [row] = await this.dataSource.query<Credentials[]>(sql, [value]);
    return row;
  }
}

async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isUniqueViolation(error, 'users_email_key')) throw emailTaken();
    if (isUniqueViolation(error, 'users_username_key')) throw usernameTaken();
    throw error;
  }
}
