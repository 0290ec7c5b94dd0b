import { Invalidations } from '../cache/invalidations.js';
import { cacheTags } from '../cache/cache-types.js';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import type { Role } from '../http/access.js';
import { userColumns, userColumnsOf } from '../users/user-row.js';
import type { User } from '../users/users.dto.js';

export interface NewSession {
  readonly id: string;
  readonly userId: number;
  readonly tokenHash: Buffer;
  readonly userAgent: string | null;
  readonly ip: string | null;
  readonly now: Date;
  readonly expiresAt: Date;
  /** Of a log-in: the hash that the password matched, and the one to keep instead when that was an outdated one. */
  readonly matched?: string | undefined;
  readonly renewed?: string | undefined;
}

export interface SessionRow {
  readonly id: string;
  readonly user_agent: string | null;
  readonly ip: string | null;
  readonly created_at: Date;
  readonly last_used_at: Date;
  readonly expires_at: Date;
}

/** What a request has to know of its session: until when it lives (milliseconds), and its user's present role. */
export interface AliveSession {
  readonly role: Role;
  readonly expiresAt: number;
}

interface Rotation {
  readonly id: string;
  readonly spent: Buffer;
  readonly next: Buffer;
  readonly now: Date;
  readonly expiresAt: Date;
}

// A password or an account that changed since it was checked opens nothing.
const open = `
  WITH logged_in AS (
    UPDATE users SET last_login = $6, password_hash = coalesce($9, password_hash)
     WHERE id = $2 AND erased_at IS NULL AND ($8::text IS NULL OR (is_active AND password_hash = $8)) RETURNING ${userColumns}
  ), opened AS (
    INSERT INTO sessions (id, user_id, refresh_token_hash, user_agent, ip, created_at, last_used_at, expires_at)
    SELECT $1, id, $3, $4, $5::inet, $6, $6, $7 FROM logged_in
  )
  SELECT * FROM logged_in`;

// Of requests that spend the same token at once, one finds it: the others wait for its row and find it gone.
const rotate = `
  UPDATE sessions s
     SET previous_token_hash = s.refresh_token_hash, refresh_token_hash = $3, rotated_at = $4, last_used_at = $4, expires_at = $5
    FROM users u
   WHERE s.id = $1 AND s.refresh_token_hash = $2 AND s.revoked_at IS NULL AND s.expires_at > $4 AND u.id = s.user_id AND u.is_active
  RETURNING ${userColumnsOf('u')}`;

const rotatedSince = `
  SELECT s.refresh_token_hash AS current, ${userColumnsOf('u')} FROM sessions s JOIN users u ON u.id = s.user_id
   WHERE s.id = $1 AND s.previous_token_hash = $2 AND s.rotated_at > $3 AND s.revoked_at IS NULL AND u.is_active`;

const alive = `
  SELECT u.user_type AS role, s.expires_at FROM sessions s JOIN users u ON u.id = s.user_id
   WHERE s.id = $1 AND s.user_id = $2 AND s.revoked_at IS NULL AND s.expires_at > $3 AND u.is_active`;

const ofUser = `
  SELECT id, user_agent, host(ip) AS ip, created_at, last_used_at, expires_at FROM sessions
   WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2 ORDER BY last_used_at DESC, id LIMIT 100`;

@Injectable()
export class SessionsRepository {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly invalidations: Invalidations,
  ) {}

  /** The user who is logged in now; undefined when there is none such any more. */
  async open({ id, userId, tokenHash, userAgent, ip, now, expiresAt, matched, renewed }: NewSession): Promise<User | undefined> {
    const values = [id, userId, tokenHash, userAgent, ip, now, expiresAt, matched ?? null, renewed ?? null];
    const [user] = await this.dataSource.query<User[]>(open, values);
    // The profile says when its user logged in last.
    if (user) await this.invalidations.now(cacheTags.profile(userId));
    return user;
  }

  /** The user whose token was spent; undefined when it was not the session's current one. */
  async rotate({ id, spent, next, now, expiresAt }: Rotation): Promise<User | undefined> {
    const [rows] = await this.dataSource.query<[User[], number]>(rotate, [id, spent, next, now, expiresAt]);
    return rows[0];
  }

  /** When `spent` is the immediate predecessor of the current token, and was replaced after `since`: that token's hash, and the user. */
  async findRotated(id: string, spent: Buffer, since: Date): Promise<{ current: Buffer; user: User } | undefined> {
    const [row] = await this.dataSource.query<(User & { current: Buffer })[]>(rotatedSince, [id, spent, since]);
    if (!row) return undefined;
    const { current, ...user } = row;
    return { current, user };
  }

  async findAlive(id: string, userId: number, now: Date): Promise<AliveSession | undefined> {
    const rows = await this.dataSource.query<{ role: Role; expires_at: Date }[]>(alive, [id, userId, now]);
    return rows[0] && { role: rows[0].role, expiresAt: rows[0].expires_at.getTime() };
  }

  list(userId: number, now: Date): Promise<SessionRow[]> {
    return this.dataSource.query(ofUser, [userId, now]);
  }

  /** Whether it had not ended before. */
  async end(id: string, now: Date): Promise<boolean> {
    const sql = 'UPDATE sessions SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL';
    const [, ended] = await this.dataSource.query<[unknown[], number]>(sql, [id, now]);
    await this.invalidations.now(cacheTags.session(id));
    return ended > 0;
  }

  /** Ends all sessions of a user, or all but one. */
  async endAll(manager: EntityManager, userId: number, now: Date, exceptId?: string): Promise<void> {
    const sql = 'UPDATE sessions SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL AND ($3::uuid IS NULL OR id <> $3)';
    await manager.query(sql, [userId, now, exceptId ?? null]);
    await this.invalidations.after(manager, cacheTags.user(userId));
  }

  endOthers(userId: number, exceptId: string, now: Date): Promise<void> {
    return this.endAll(this.dataSource.manager, userId, now, exceptId);
  }

  async endOne(userId: number, id: string, now: Date): Promise<boolean> {
    const sql = 'UPDATE sessions SET revoked_at = $3 WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL';
    const [, ended] = await this.dataSource.query<[unknown[], number]>(sql, [id, userId, now]);
    await this.invalidations.now(cacheTags.session(id));
    return ended > 0;
  }
}
