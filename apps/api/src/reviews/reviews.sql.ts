const columns = `
  r.id, r.product_id, CASE WHEN r.id IS NOT NULL THEN json_build_object('id', u.id, 'username', u.username) END AS "user",
  r.rating, r.title, r.comment, r.is_verified_purchase, r.is_approved, r.moderated_at, r.created_at`;

// A cursor counts microseconds, which is all that a timestamp holds: a Date would lose the last three digits, and with them rows.
const position = `(extract(epoch FROM r.created_at) * 1000000)::bigint AS position`;
const at = (parameter: string): string => `'epoch'::timestamptz + ${parameter}::bigint * interval '1 microsecond'`;

/** $1 product, $2 and $3 position, $4 rows, $5 offset. No row: no such product on sale. */
export const productPage = `
  SELECT product.rating_count AS count, ${columns}, ${position}
    FROM products product
    LEFT JOIN LATERAL (
      SELECT * FROM reviews
       WHERE product_id = product.id AND is_approved AND ($2::bigint IS NULL OR (created_at, id) < (${at('$2')}, $3::bigint))
       ORDER BY created_at DESC, id DESC LIMIT $4 OFFSET $5
    ) r ON true
    LEFT JOIN users u ON u.id = r.user_id
   WHERE product.id = $1 AND product.is_active
   ORDER BY r.created_at DESC, r.id DESC`;

/** $1 user, then as above. */
export const ownPage = `
  SELECT total.count, ${columns}, ${position}
    FROM (SELECT count(*)::integer FROM reviews WHERE user_id = $1) total
    LEFT JOIN (
      SELECT * FROM reviews
       WHERE user_id = $1 AND ($2::bigint IS NULL OR (created_at, id) < (${at('$2')}, $3::bigint))
       ORDER BY created_at DESC, id DESC LIMIT $4 OFFSET $5
    ) r ON true
    LEFT JOIN users u ON u.id = r.user_id
   ORDER BY r.created_at DESC, r.id DESC`;

/** $1 how many to count at most, then as above. By id alone, which is as good as by age over the whole shop and has its index. */
export const approvedPage = `
  SELECT total.count, ${columns}, ${position}
    FROM (SELECT count(*)::integer FROM (SELECT FROM reviews WHERE is_approved LIMIT $1) counted) total
    LEFT JOIN (
      SELECT * FROM reviews
       WHERE is_approved AND ($2::bigint IS NULL OR id < $3::bigint)
       ORDER BY id DESC LIMIT $4 OFFSET $5
    ) r ON true
    LEFT JOIN users u ON u.id = r.user_id
   ORDER BY r.id DESC`;

/** $1 how many to count at most, $2 to $4 position (the first: 1 when moderated), $5 rows, $6 offset. */
export const queuePage = `
  SELECT total.count, ${columns}, ${position}
    FROM (SELECT count(*)::integer FROM (SELECT FROM reviews WHERE NOT is_approved LIMIT $1) counted) total
    LEFT JOIN (
      SELECT * FROM reviews
       WHERE NOT is_approved
         AND ($3::bigint IS NULL OR (moderated_at IS NOT NULL, created_at, id) > ($2::integer = 1, ${at('$3')}, $4::bigint))
       ORDER BY (moderated_at IS NOT NULL), created_at, id LIMIT $5 OFFSET $6
    ) r ON true
    LEFT JOIN users u ON u.id = r.user_id
   ORDER BY (r.moderated_at IS NOT NULL), r.created_at, r.id`;

export const reviewById = `SELECT ${columns} FROM reviews r JOIN users u ON u.id = r.user_id WHERE r.id = $1`;

// Shipped counts as bought: who writes on the day of delivery is often ahead of the carrier's report.
const isVerified = (user: string, product: string): string => `
  EXISTS (SELECT FROM order_items i JOIN orders o ON o.id = i.order_id
           WHERE i.user_id = ${user} AND i.product_id = ${product} AND o.status IN ('shipped', 'delivered'))`;

/** $1 user, $2 product, $3 rating, $4 title, $5 comment. No row: no such product; a row of nulls: reviewed already. */
export const insertReview = `
  WITH product AS (
    SELECT id FROM products WHERE id = $2 AND is_active
  ), r AS (
    INSERT INTO reviews (user_id, product_id, rating, title, comment, is_verified_purchase)
    SELECT $1::bigint, product.id, $3::integer, $4, $5, ${isVerified('$1', 'product.id')} FROM product
    ON CONFLICT (user_id, product_id) DO NOTHING
    RETURNING *
  )
  SELECT ${columns} FROM product LEFT JOIN r ON true LEFT JOIN users u ON u.id = r.user_id`;

/** $1 id, $2 author, $3 rating or null, $4 whether $5 is the new title, $6 whether $7 is the new comment. */
export const editReview = `
  WITH wanted AS (
    SELECT id, is_approved AS was_approved, coalesce($3::integer, rating) AS rating,
           CASE WHEN $4 THEN $5 ELSE title END AS title, CASE WHEN $6 THEN $7 ELSE comment END AS comment
      FROM reviews WHERE id = $1 AND user_id = $2 FOR UPDATE
  ), r AS (
    UPDATE reviews review
       SET rating = wanted.rating, title = wanted.title, comment = wanted.comment,
           is_verified_purchase = review.is_verified_purchase OR ${isVerified('review.user_id', 'review.product_id')},
           is_approved = review.is_approved
             AND (review.rating, review.title, review.comment) IS NOT DISTINCT FROM (wanted.rating, wanted.title, wanted.comment),
           moderated_at = CASE
             WHEN (review.rating, review.title, review.comment) IS NOT DISTINCT FROM (wanted.rating, wanted.title, wanted.comment)
             THEN review.moderated_at END
      FROM wanted WHERE review.id = wanted.id
    RETURNING review.*, wanted.was_approved
  )
  SELECT ${columns}, r.was_approved FROM r JOIN users u ON u.id = r.user_id`;

/** $1 id, $2 who asks, $3 whether an admin does. */
export const deleteReview = `
  WITH r AS (DELETE FROM reviews WHERE id = $1 AND (user_id = $2 OR $3) RETURNING *)
  SELECT ${columns} FROM r JOIN users u ON u.id = r.user_id`;

/** $1 id, $2 the decision. No row when it stands already. What was on its way when the review was written may have been sent since. */
export const moderateReview = `
  WITH before AS (
    SELECT id, is_approved AS was_approved FROM reviews WHERE id = $1 AND (is_approved <> $2 OR moderated_at IS NULL) FOR UPDATE
  ), r AS (
    UPDATE reviews review
       SET is_approved = $2, moderated_at = now(),
           is_verified_purchase = review.is_verified_purchase OR ${isVerified('review.user_id', 'review.product_id')}
      FROM before WHERE review.id = before.id
    RETURNING review.*, before.was_approved
  )
  SELECT ${columns}, r.was_approved FROM r JOIN users u ON u.id = r.user_id`;
