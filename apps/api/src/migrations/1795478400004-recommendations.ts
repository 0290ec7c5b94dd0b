import type { MigrationInterface, QueryRunner } from 'typeorm';

// Every product has its row from the start, so that the list by popularity is a walk of one index and misses nothing.
const popularity = `
  CREATE TABLE product_popularity (
    product_id bigint PRIMARY KEY REFERENCES products (id) ON DELETE CASCADE,
    order_count integer NOT NULL DEFAULT 0,
    CONSTRAINT product_popularity_order_count_check CHECK (order_count >= 0)
  )`;

const affinity = `
  CREATE TABLE product_affinity (
    product_id bigint NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    related_product_id bigint NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    order_count integer NOT NULL,
    PRIMARY KEY (product_id, related_product_id),
    CONSTRAINT product_affinity_order_count_check CHECK (order_count > 0),
    CONSTRAINT product_affinity_other_check CHECK (product_id <> related_product_id)
  )`;

const indexes = [
  // The most popular first, by keyset; both columns turn together, as in the other lists.
  `CREATE INDEX idx_product_popularity ON product_popularity (order_count, product_id)`,
  `CREATE INDEX idx_product_affinity_related ON product_affinity (related_product_id)`,
];

const newProducts = [
  `CREATE FUNCTION add_product_popularity() RETURNS trigger LANGUAGE plpgsql AS $$
   BEGIN
     INSERT INTO product_popularity (product_id) SELECT id FROM inserted ORDER BY id ON CONFLICT DO NOTHING;
     RETURN NULL;
   END $$`,
  `CREATE TRIGGER products_add_popularity AFTER INSERT ON products REFERENCING NEW TABLE AS inserted
     FOR EACH STATEMENT EXECUTE FUNCTION add_product_popularity()`,
];

// Orders of the 30 days before as_of that went out. Only rows whose count moved are written; the answer is how many.
const refreshPopularity = `
  CREATE FUNCTION refresh_product_popularity(as_of timestamptz) RETURNS bigint LANGUAGE sql AS $$
    WITH fresh AS (
      SELECT i.product_id, count(*)::integer AS order_count
        FROM orders o JOIN order_items i ON i.order_id = o.id
       WHERE o.created_at > as_of - interval '30 days' AND o.created_at <= as_of AND o.status IN ('shipped', 'delivered')
       GROUP BY i.product_id
    ), written AS (
      INSERT INTO product_popularity AS p (product_id, order_count)
      SELECT products.id, coalesce(fresh.order_count, 0)
        FROM products LEFT JOIN fresh ON fresh.product_id = products.id
       WHERE NOT EXISTS (SELECT FROM product_popularity same
                          WHERE same.product_id = products.id AND same.order_count = coalesce(fresh.order_count, 0))
       ORDER BY products.id
      ON CONFLICT (product_id) DO UPDATE SET order_count = excluded.order_count
      RETURNING 1
    )
    SELECT count(*) FROM written
  $$`;

// For each product the ten it was most often ordered with in the 90 days before as_of, at least twice, ties to the lower id.
const refreshAffinity = `
  CREATE FUNCTION refresh_product_affinity(as_of timestamptz) RETURNS bigint LANGUAGE sql AS $$
    WITH pairs AS (
      SELECT a.product_id, b.product_id AS related_product_id, count(*)::integer AS order_count
        FROM orders o
        JOIN order_items a ON a.order_id = o.id
        JOIN order_items b ON b.order_id = o.id AND b.product_id <> a.product_id
       WHERE o.created_at > as_of - interval '90 days' AND o.created_at <= as_of AND o.status <> 'cancelled'
       GROUP BY a.product_id, b.product_id
      HAVING count(*) > 1
    ), ranked AS (
      SELECT *, row_number() OVER (PARTITION BY product_id ORDER BY order_count DESC, related_product_id) AS place FROM pairs
    ), fresh AS MATERIALIZED (
      SELECT product_id, related_product_id, order_count FROM ranked WHERE place <= 10
    ), gone AS (
      DELETE FROM product_affinity p WHERE NOT EXISTS (
        SELECT FROM fresh f WHERE f.product_id = p.product_id AND f.related_product_id = p.related_product_id)
      RETURNING 1
    ), written AS (
      INSERT INTO product_affinity AS p (product_id, related_product_id, order_count)
      SELECT * FROM fresh ORDER BY product_id, related_product_id
      ON CONFLICT (product_id, related_product_id) DO UPDATE SET order_count = excluded.order_count
        WHERE p.order_count <> excluded.order_count
      RETURNING 1
    )
    SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM written)
  $$`;

export class Recommendations1795478400004 implements MigrationInterface {
  readonly name = 'Recommendations1795478400004';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [popularity, affinity, ...indexes, ...newProducts, refreshPopularity, refreshAffinity]) {
      await runner.query(statement);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP FUNCTION refresh_product_affinity(timestamptz), refresh_product_popularity(timestamptz)');
    await runner.query('DROP TRIGGER products_add_popularity ON products');
    await runner.query('DROP FUNCTION add_product_popularity()');
    await runner.query('DROP TABLE product_affinity, product_popularity');
  }
}
