import type { SeedContext } from './context.js';
import { vocabulary } from './vocabulary.js';

/**
 * Three quarters are written by buyers after delivery, one for each user and product; the rest by people who never ordered it: a walk
 * over all pairs that meets none twice, the factor being a prime. Nearly all are approved; the youngest wait for a moderator.
 */
const reviews = `
  WITH bought AS (
    SELECT i.user_id, i.product_id, min(o.delivered_at) AS delivered_at
      FROM order_items i JOIN seed_orders o ON o.id = i.order_id GROUP BY i.user_id, i.product_id
  ), buyers AS (
    SELECT user_id, product_id, delivered_at FROM bought WHERE delivered_at IS NOT NULL
     ORDER BY hashint8extended(user_id, product_id), user_id, product_id LIMIT $1::bigint * 3 / 4
  ), strangers AS (
    SELECT 1 + pair % $2::bigint AS user_id, 1 + pair / $2::bigint AS product_id, NULL::timestamptz AS delivered_at
      FROM generate_series(1, least(2 * $1::bigint, $2::bigint * $3::bigint)) n, LATERAL (SELECT n * 2147483647 % ($2::bigint * $3::bigint) AS pair) p
     WHERE (1 + pair % $2::bigint) % 50 NOT IN (1, 2)
       AND NOT EXISTS (SELECT FROM bought b WHERE b.user_id = 1 + pair % $2::bigint AND b.product_id = 1 + pair / $2::bigint)
     ORDER BY n LIMIT $1::bigint - (SELECT count(*) FROM buyers)
  ), written AS (
    SELECT user_id, product_id, delivered_at IS NOT NULL AS is_verified, hashint8extended(user_id, product_id) AS chance,
           started + ($4::timestamptz - started) * pg_temp.rnd(hashint8extended(user_id, product_id), 'review.time') AS created_at
      FROM (SELECT * FROM buyers UNION ALL SELECT * FROM strangers) pair,
           LATERAL (SELECT coalesce(delivered_at, $4::timestamptz
             - least(interval '90 days', interval '730 days' * (1 - user_id::float8 / $2::bigint))) AS started) s
  ), rated AS (
    SELECT *, 5 - floor(5 * power(pg_temp.rnd(chance, 'review.rating'), 1.2 + 2 * pg_temp.rnd(product_id, 'quality')))::integer AS rating,
           pg_temp.rnd(chance, 'review.approved') < CASE WHEN $4::timestamptz - created_at < interval '1 day' THEN 0.4 ELSE 0.96 END AS is_approved
      FROM written
  )
  INSERT INTO reviews (user_id, product_id, rating, title, comment, is_verified_purchase, is_approved, moderated_at, created_at)
  SELECT user_id, product_id, rating,
         CASE WHEN pg_temp.rnd(chance, 'review.title') < 0.7 THEN
           (ARRAY['Disappointed', 'Not great', 'All right', 'Good', 'Excellent'])[rating] END,
         pg_temp.pick(CASE WHEN rating > 3 THEN $5::text[] WHEN rating = 3 THEN $6::text[] ELSE $7::text[] END, chance, 'review.comment.1') || ' ' ||
         pg_temp.pick(CASE WHEN rating = 5 THEN $5::text[] ELSE $6::text[] END, chance, 'review.comment.2'),
         is_verified, is_approved,
         CASE WHEN is_approved OR $4::timestamptz - created_at > interval '3 days' THEN least($4::timestamptz, created_at + interval '20 hours') END,
         created_at
    FROM rated ORDER BY created_at, user_id, product_id`;

/** Every second post is a buying guide, and names products. Subjects follow the popularity of products. */
const draftTable = `
  CREATE TEMP TABLE seed_posts AS
  SELECT post.id, pg_temp.customer($2::bigint, $3::timestamptz - post.created_at, post.id, 'post.author') AS author_id, post.created_at, subject.noun,
         subject.category_id, subject.kind, CASE WHEN post.id % 2 = 0 THEN subject.id END AS product_id
    FROM (SELECT id, $3::timestamptz - interval '365 days' * power(1 - (id - pg_temp.rnd(id, 'post.time')) / $1::bigint, 1.4) AS created_at,
                 pg_temp.zipf_product($4::bigint, floor(5 * pg_temp.rnd(id, 'post.lane'))::bigint, id, 'post.subject') AS subject_id
            FROM generate_series(1, $1::bigint) id) post
    JOIN seed_products subject ON subject.id = subject_id`;

const comments = `
  WITH written AS (
    SELECT n, post.id AS post_id, post.created_at + ($2::timestamptz - post.created_at) * power(pg_temp.rnd(n, 'comment.time'), 3) AS created_at
      FROM generate_series(1, $1::bigint) n
      JOIN seed_posts post ON post.id = 1 + (pg_temp.zipf($4::bigint, n, 'comment.post') + 1) * 7919 % $4::bigint
  )
  INSERT INTO comments (post_id, author_id, body, created_at, updated_at)
  SELECT post_id, pg_temp.customer($3::bigint, $2::timestamptz - created_at, n, 'comment.author'), pg_temp.pick($5, n, 'comment.body'), created_at, created_at
    FROM written ORDER BY created_at, n`;

const dailyViews = `
  INSERT INTO post_daily_views (post_id, day, view_count)
  SELECT id, day, 1 + floor(400 * power(pg_temp.rnd(7 * id + ago, 'view.count'), 6))
    FROM seed_posts, generate_series(0, 6) ago, LATERAL (SELECT ($1::timestamptz AT TIME ZONE 'UTC')::date - ago AS day) d
   WHERE pg_temp.rnd(7 * id + ago, 'view.day') < 0.3 AND day >= (created_at AT TIME ZONE 'UTC')::date
   ORDER BY id, day`;

const posts = `
  INSERT INTO posts (id, author_id, title, slug, body, view_count, comments_count, published_at, created_at, updated_at)
  SELECT id, author_id, title, trim(BOTH '-' FROM regexp_replace(lower(title), '[^a-z0-9]+', '-', 'g')) || '-' || id,
         format(E'%s %s\\n\\n%s %s', pg_temp.pick($2, id, 'body.1'), pg_temp.pick($2, id, 'body.2'), pg_temp.pick($2, id, 'body.3'),
                pg_temp.pick($2, id, 'body.4')),
         floor(exp(9 * power(pg_temp.rnd(id, 'post.views'), 2))) + coalesce(viewed.views, 0), coalesce(discussed.comments, 0),
         created_at, created_at, created_at
    FROM seed_posts
    LEFT JOIN (SELECT post_id, sum(view_count) AS views FROM post_daily_views GROUP BY post_id) viewed ON viewed.post_id = id
    LEFT JOIN (SELECT post_id, count(*) AS comments FROM comments GROUP BY post_id) discussed ON discussed.post_id = id,
         LATERAL (SELECT replace(pg_temp.pick($1, id, 'post.title'), '%', noun) AS title) t
   ORDER BY id`;

/** Named after categories, whose slugs are unique; past the last one, categories with a topic. */
const tags = `
  INSERT INTO tags (id, name, slug)
  SELECT n, replace(slug, '-', ' '), slug
    FROM (SELECT n, c.slug || CASE WHEN n > total.kinds THEN '-' || ($2::text[])[1 + n / total.kinds % cardinality($2::text[])] || '-' || n ELSE '' END AS slug
            FROM generate_series(1, $1::bigint) n, (SELECT count(*) AS kinds FROM seed_kinds) total, seed_kinds k, categories c
           WHERE k.kind = 1 + (n - 1) % total.kinds AND c.id = k.category_id) named
   ORDER BY n`;

const postTags = `
  INSERT INTO post_tags (post_id, tag_id)
  SELECT id, 3 * pg_temp.zipf($1::bigint / 3, 3 * id + lane, 'post.tag') + lane + 1
    FROM seed_posts, generate_series(0, floor(3 * pg_temp.rnd(id, 'post.tags'))::integer) lane ORDER BY id, lane`;

const postProducts = `
  INSERT INTO post_products (post_id, product_id)
  SELECT post.id, named.id
    FROM seed_posts post, LATERAL (
      SELECT post.product_id AS id
       UNION (SELECT other.id FROM seed_products other WHERE other.category_id = post.category_id AND other.id > post.product_id ORDER BY other.id LIMIT 2)
    ) named
   WHERE post.product_id IS NOT NULL ORDER BY post.id, named.id`;

export async function seedReviews({ query, counts, now }: SeedContext): Promise<void> {
  const { praise, doubts, complaints } = vocabulary;
  await query(reviews, [counts.reviews, counts.users, counts.products, now.toISOString(), praise, doubts, complaints]);
}

export async function seedCommunity({ query, counts, now }: SeedContext): Promise<void> {
  const at = now.toISOString();
  await query(draftTable, [counts.posts, counts.users, at, counts.products]);
  await query('ANALYZE pg_temp.seed_posts');
  await query(comments, [counts.comments, at, counts.users, counts.posts, vocabulary.remarks]);
  await query(dailyViews, [at]);
  await query(posts, [vocabulary.titles, vocabulary.paragraphs]);
  await query(tags, [counts.tags, vocabulary.topics]);
  await query(postTags, [counts.tags]);
  await query(postProducts);
}
