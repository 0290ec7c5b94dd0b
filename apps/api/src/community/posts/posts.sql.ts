const columns = `
  p.id, p.title, p.slug, p.body,
  CASE WHEN p.id IS NOT NULL THEN json_build_object('id', u.id, 'username', u.username) END AS author,
  (SELECT coalesce(json_agg(t.slug ORDER BY t.slug), '[]') FROM post_tags pt JOIN tags t ON t.id = pt.tag_id WHERE pt.post_id = p.id) AS tags,
  (SELECT coalesce(json_agg(product.id ORDER BY product.id), '[]')
     FROM post_products pp JOIN products product ON product.id = pp.product_id AND product.is_active WHERE pp.post_id = p.id) AS product_ids,
  p.comments_count, p.view_count, p.published_at, p.updated_at`;

/** What a list is about: the thing that must be there, by the id in $1. */
export type PostScope = 'everything' | 'tag' | 'author';

const parents: Record<PostScope, string> = {
  everything: '(SELECT $1::bigint AS id)',
  tag: '(SELECT id FROM tags WHERE id = $1)',
  author: '(SELECT id FROM users WHERE id = $1 AND is_active)',
};

const reach: Record<PostScope, string> = {
  everything: 'true',
  tag: 'EXISTS (SELECT FROM post_tags pt WHERE pt.tag_id = $1 AND pt.post_id = p.id)',
  author: 'p.author_id = $1',
};

const filtered = (scope: PostScope): string => `${reach[scope]}
   AND ($2::text IS NULL OR EXISTS (SELECT FROM post_tags pt JOIN tags t ON t.id = pt.tag_id WHERE pt.post_id = p.id AND t.slug = $2))
   AND ($3::bigint IS NULL OR p.author_id = $3)
   AND ($4::text IS NULL OR to_tsvector('techmart', p.title || ' ' || p.body) @@ plainto_tsquery('techmart', $4))`;

/**
 * $1 id of the scope, $2 tag slug, $3 author, $4 words, $5 how many to count at most, $6 and $7 position, $8 rows, $9 offset.
 * No row: what the list is about is not there. A cursor counts microseconds, which is all that a timestamp holds.
 */
export const pageOf = (scope: PostScope): string => `
  SELECT total.count, ${columns}, (extract(epoch FROM p.published_at) * 1000000)::bigint AS position
    FROM ${parents[scope]} parent
   CROSS JOIN (SELECT count(*)::integer FROM (SELECT FROM posts p WHERE ${filtered(scope)} LIMIT $5) counted) total
    LEFT JOIN (
      SELECT p.* FROM posts p
       WHERE ${filtered(scope)}
         AND ($6::bigint IS NULL OR (p.published_at, p.id) < ('epoch'::timestamptz + $6 * interval '1 microsecond', $7::bigint))
       ORDER BY p.published_at DESC, p.id DESC LIMIT $8 OFFSET $9
    ) p ON true
    LEFT JOIN users u ON u.id = p.author_id
   ORDER BY p.published_at DESC, p.id DESC`;

export const postById = `SELECT ${columns} FROM posts p JOIN users u ON u.id = p.author_id WHERE p.id = $1`;

// A comment weighs as much as ten views; what is two days old counts half. Days are whole and UTC.
const weight = (day: string): string => `power(0.5::float8, ($1::date - ${day}) / 2.0::float8)`;

/** $1 today, $2 how many. Scores first, over what happened in seven days; the posts themselves are read for the winners alone. */
export const trendingPosts = `
  WITH happened AS (
    SELECT post_id, view_count * ${weight('day')} AS score
      FROM post_daily_views WHERE day BETWEEN $1::date - 6 AND $1::date
    UNION ALL
    SELECT post_id, 10 * ${weight(`(created_at AT TIME ZONE 'UTC')::date`)}
      FROM comments WHERE created_at >= ($1::date - 6)::timestamp AT TIME ZONE 'UTC' AND created_at < ($1::date + 1)::timestamp AT TIME ZONE 'UTC'
  ), winners AS (
    SELECT post_id, round(sum(happened.score)::numeric, 3) AS score FROM happened GROUP BY post_id ORDER BY 2 DESC, 1 DESC LIMIT $2
  )
  SELECT ${columns}, winners.score
    FROM winners JOIN posts p ON p.id = winners.post_id JOIN users u ON u.id = p.author_id
   ORDER BY winners.score DESC, p.id DESC`;

// $1 slugs of tags and $2 ids of products, both null when they are not to change. Tags are held, so that none is deleted meanwhile.
const references = `
  named AS (
    SELECT wanted.slug, (SELECT t.id FROM tags t WHERE t.slug = wanted.slug FOR KEY SHARE) AS id FROM unnest($1::text[]) AS wanted (slug)
  ), shown AS (
    SELECT wanted.id, product.id AS found
      FROM unnest($2::bigint[]) AS wanted (id) LEFT JOIN products product ON product.id = wanted.id AND product.is_active
  ), unknown AS (
    SELECT coalesce((SELECT json_agg(slug) FROM named WHERE id IS NULL), '[]') AS unknown_tags,
           coalesce((SELECT json_agg(id) FROM shown WHERE found IS NULL), '[]') AS unknown_products,
           EXISTS (SELECT FROM named WHERE id IS NULL) OR EXISTS (SELECT FROM shown WHERE found IS NULL) AS any
  )`;

const addReferences = `
  tagged AS (
    INSERT INTO post_tags (post_id, tag_id) SELECT written.id, named.id FROM written, named ON CONFLICT DO NOTHING
  ), linked AS (
    INSERT INTO post_products (post_id, product_id) SELECT written.id, shown.id FROM written, shown ON CONFLICT DO NOTHING
  )`;

/** $3 author, $4 title, $5 slug without the id that makes it unique, $6 body. Writes nothing when a reference is unknown. */
export const insertPost = `
  WITH ${references}, written AS (
    INSERT INTO posts (id, author_id, title, slug, body)
    SELECT next.id, $3, $4, $5 || '-' || next.id, $6
      FROM unknown, nextval(pg_get_serial_sequence('posts', 'id')) AS next (id) WHERE NOT unknown.any
    RETURNING id
  ), ${addReferences}
  SELECT written.id, unknown_tags, unknown_products FROM unknown LEFT JOIN written ON true`;

/** $3 id, $4 who asks, $5 whether an admin does, $6 title or null, $7 body or null. No row: not there, or not theirs. */
export const editPost = `
  WITH ${references}, target AS (
    SELECT id, author_id FROM posts WHERE id = $3 AND (author_id = $4 OR $5) FOR UPDATE
  ), written AS (
    UPDATE posts p SET title = coalesce($6, p.title), body = coalesce($7, p.body)
      FROM target, unknown WHERE p.id = target.id AND NOT unknown.any
    RETURNING p.id
  ), untagged AS (
    DELETE FROM post_tags pt USING written
     WHERE $1::text[] IS NOT NULL AND pt.post_id = written.id AND NOT EXISTS (SELECT FROM named WHERE named.id = pt.tag_id)
  ), unlinked AS (
    DELETE FROM post_products pp USING written
     WHERE $2::bigint[] IS NOT NULL AND pp.post_id = written.id AND NOT EXISTS (SELECT FROM shown WHERE shown.id = pp.product_id)
  ), ${addReferences}
  SELECT target.id, target.author_id, unknown_tags, unknown_products FROM target CROSS JOIN unknown`;

/** $1 id, $2 who asks, $3 whether an admin does. */
export const deletePost = `
  WITH deleted AS (DELETE FROM posts WHERE id = $1 AND (author_id = $2 OR $3) RETURNING author_id, title) SELECT * FROM deleted`;

/** $1 posts, $2 days, $3 views. Posts are locked in ascending id, so that replicas which write at once do not wait in a ring. */
export const addViews = `
  WITH viewed AS (
    SELECT * FROM unnest($1::bigint[], $2::date[], $3::integer[]) AS viewed (post_id, day, views)
  ), present AS MATERIALIZED (
    SELECT id FROM posts WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE
  ), counted AS (
    UPDATE posts p SET view_count = p.view_count + total.views
      FROM (SELECT post_id, sum(views) AS views FROM viewed JOIN present ON present.id = post_id GROUP BY post_id) total
     WHERE p.id = total.post_id
  )
  INSERT INTO post_daily_views AS daily (post_id, day, view_count)
  SELECT post_id, day, views FROM viewed JOIN present ON present.id = post_id ORDER BY post_id, day
  ON CONFLICT (post_id, day) DO UPDATE SET view_count = daily.view_count + excluded.view_count`;
