import type { SeedContext } from './context.js';
import { vocabulary } from './vocabulary.js';

/** The public password of every seeded account. Production refuses to hold it. */
export const DEMO_PASSWORD = 'techmart-demo';

/** Users 1, 2 and 3. */
export const demoAccounts = ['admin@techmart.test', 'seller@techmart.test', 'customer@techmart.test'] as const;

/**
 * Ids run in order of registration, evenly over two years, so that who existed at a given time is a matter of arithmetic. Of each
 * fifty, the second is a seller; of each two thousand, the first is an admin.
 */
const users = `
  WITH named AS (
    SELECT id, pg_temp.pick($2, id, 'user.first') AS first, pg_temp.pick($3, id, 'user.last') AS last,
           $4::timestamptz - interval '730 days' * (1 - (id - pg_temp.rnd(id, 'user.created')) / $1::bigint) AS created_at,
           CASE WHEN id % 2000 = 1 THEN 'admin' WHEN id % 50 = 2 THEN 'seller' ELSE 'customer' END AS user_type,
           id <= 3 OR pg_temp.rnd(id, 'user.active') < 0.97 AS is_active
      FROM generate_series(1, $1::bigint) id
  )
  INSERT INTO users (id, username, email, password_hash, first_name, last_name, phone, is_active, is_verified, user_type, created_at,
                     last_login)
  SELECT id, CASE WHEN id <= 3 THEN user_type ELSE lower(first || '.' || last) || id END,
         CASE WHEN id <= 3 THEN user_type || '@techmart.test' ELSE lower(first || '.' || last) || id || '@example.com' END,
         $5, first, last, CASE WHEN pg_temp.rnd(id, 'user.phone') < 0.6 THEN '+1-555-' || lpad((id % 10000000)::text, 7, '0') END,
         is_active, id <= 3 OR pg_temp.rnd(id, 'user.verified') < 0.9, user_type, created_at,
         CASE WHEN is_active AND (id <= 3 OR pg_temp.rnd(id, 'user.today') < 0.62) THEN
                greatest(created_at, today + ($4::timestamptz - today) * pg_temp.rnd(id, 'user.login'))
              WHEN pg_temp.rnd(id, 'user.ever') < 0.9 THEN
                greatest(created_at, today - interval '90 days' * power(pg_temp.rnd(id, 'user.login'), 2)) END
    FROM named, date_trunc('day', $4::timestamptz, 'UTC') today
   ORDER BY id`;

const categories = `
  INSERT INTO categories (id, parent_id, name, slug, path)
  SELECT id, parent_id, name, slug, string_to_array(path, ' ')::bigint[]
    FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[]) AS row (id, parent_id, name, slug, path)`;

export async function seedAccounts({ query, counts, now, passwordHash }: SeedContext): Promise<void> {
  await query(users, [counts.users, vocabulary.firstNames, vocabulary.lastNames, now.toISOString(), passwordHash]);
}

export async function seedCategories({ query, data }: SeedContext): Promise<void> {
  const rows = data.categories;
  const paths = rows.map((row) => row.path.join(' '));
  await query(categories, [
    rows.map((row) => row.id),
    rows.map((row) => row.parentId),
    rows.map((row) => row.name),
    rows.map((row) => row.slug),
    paths,
  ]);
}
