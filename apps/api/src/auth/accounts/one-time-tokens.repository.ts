import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Purpose } from './one-time-token.js';

interface NewToken {
  readonly userId: number;
  readonly purpose: Purpose;
  readonly hash: Buffer;
  readonly now: Date;
  readonly expiresAt: Date;
}

// A new token of a purpose replaces the older ones that were not used. The owner's lock lets an erasure that is under way end first, after
// which there is none, or makes it wait and find the token.
const issue = `
  WITH owner AS MATERIALIZED (
    SELECT id FROM users WHERE id = $1 AND erased_at IS NULL FOR SHARE
  ), replaced AS (
    UPDATE one_time_tokens SET used_at = $4 WHERE user_id = $1 AND purpose = $2 AND used_at IS NULL
  )
  INSERT INTO one_time_tokens (user_id, purpose, token_hash, created_at, expires_at) SELECT id, $2, $3, $4, $5 FROM owner`;

// Of two that were issued at once neither has replaced the other: the later one counts.
const spend = `
  UPDATE one_time_tokens t SET used_at = $3
   WHERE token_hash = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3
     AND NOT EXISTS (SELECT FROM one_time_tokens later WHERE later.user_id = t.user_id AND later.purpose = t.purpose AND later.id > t.id)
  RETURNING user_id`;

@Injectable()
export class OneTimeTokensRepository {
  async issue(manager: EntityManager, { userId, purpose, hash, now, expiresAt }: NewToken): Promise<void> {
    await manager.query(issue, [userId, purpose, hash, now, expiresAt]);
  }

  /** The user of a token that was good until now; it is not any more. */
  async spend(manager: EntityManager, hash: Buffer, purpose: Purpose, now: Date): Promise<number | undefined> {
    const [rows] = await manager.query<[{ user_id: number }[], number]>(spend, [hash, purpose, now]);
    return rows[0]?.user_id;
  }

  /** Makes every token that a user was sent useless. */
  async revoke(manager: EntityManager, userId: number, now: Date): Promise<void> {
    await manager.query('UPDATE one_time_tokens SET used_at = $2 WHERE user_id = $1 AND used_at IS NULL', [userId, now]);
  }
}
