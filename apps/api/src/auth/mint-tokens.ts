import type { DataSource } from 'typeorm';
import type { Role } from '../http/access.js';
import type { AccessTokens } from './access-token.js';

interface Wanted {
  readonly role: Role;
  /** More than there are users of the role: they get several sessions each. */
  readonly count: number;
  readonly lifetimeS: number;
}

// Nobody knows a refresh token of these sessions: what is stored is the hash of a random value that is thrown away.
const openSessions = `
  WITH chosen AS (
    SELECT array_agg(id ORDER BY id) AS ids
      FROM (SELECT id FROM users WHERE user_type = $1 AND is_active ORDER BY id LIMIT $2) AS first
  )
  INSERT INTO sessions (user_id, refresh_token_hash, user_agent, expires_at)
  SELECT ids[1 + (n - 1) % cardinality(ids)], sha256(convert_to(gen_random_uuid()::text, 'UTF8')), 'techmart token',
         now() + $3 * interval '1 second'
    FROM chosen, generate_series(1, $2::integer) AS n
   WHERE ids IS NOT NULL
  RETURNING id, user_id`;

/** Access tokens for load tests: of active users of the role, each with a session of its own, which one statement opens. */
export async function mintTokens(dataSource: DataSource, tokens: AccessTokens, { role, count, lifetimeS }: Wanted): Promise<string[]> {
  const sessions = await dataSource.query<{ id: string; user_id: number }[]>(openSessions, [role, count, lifetimeS]);
  if (sessions.length === 0) throw new Error(`there is no active user of the role ${role}`);
  return Promise.all(sessions.map(({ id, user_id }) => tokens.sign({ userId: user_id, role, sessionId: id }, Date.now())));
}
