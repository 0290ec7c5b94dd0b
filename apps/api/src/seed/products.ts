import type { SeedContext } from './context.js';
import { vocabulary } from './vocabulary.js';

/** How many products one statement writes: the search vectors take long, and the progress bar should move. */
const CHUNK = 5000;

const kindTable = `
  CREATE TEMP TABLE seed_kinds AS
  SELECT kind, category_id, string_to_array(nouns, '|') AS nouns, string_to_array(brands, '|') AS brands, lowest, highest, has_volumes,
         count(*) OVER () AS kinds
    FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::float8[], $6::float8[], $7::boolean[])
         AS row (kind, category_id, nouns, brands, lowest, highest, has_volumes)`;

/**
 * What other parts need to know of a product, before it is written with its rating. Two in five go round all kinds, the rest favour the
 * first ones; each kind has its own price level. One in twenty is inactive, the first is not.
 */
const draftTable = `
  CREATE TEMP TABLE seed_products AS
  WITH chosen AS (
    SELECT id, 1 + CASE WHEN pg_temp.rnd(id, 'kind.even') < 0.4 THEN id % kinds
                        ELSE floor(kinds * power(pg_temp.rnd(id, 'kind'), 2))::bigint END AS kind
      FROM generate_series(1, $1::bigint) id, (SELECT count(*) AS kinds FROM seed_kinds) total
  ), made AS (
    SELECT id, kind, category_id, pg_temp.pick(nouns, id, 'noun') AS noun, has_volumes,
           CASE WHEN pg_temp.rnd(id, 'brand.any') < 0.04 THEN pg_temp.pick($2, id, 'brand') ELSE pg_temp.pick(brands, id, 'brand') END AS brand,
           CASE WHEN has_volumes THEN 'Vol. ' || 1 + floor(40 * pg_temp.rnd(id, 'model'))
                ELSE chr(65 + floor(26 * pg_temp.rnd(id, 'series'))::integer) || 100 + floor(900 * pg_temp.rnd(id, 'model')) END AS model,
           (round((lowest * power(highest / lowest, 0.75 * pg_temp.rnd(kind, 'level') + 0.25 * pg_temp.rnd(id, 'price')))::numeric) - 0.01)
             AS price
      FROM chosen JOIN seed_kinds USING (kind)
  )
  SELECT id, kind, category_id, noun, brand, brand || ' ' || pg_temp.pick($3, id, 'adjective') || ' ' || noun || ' ' || model AS name,
         upper(left(regexp_replace(brand, '[^A-Za-z]', '', 'g'), 3)) || '-' || lpad(id::text, 7, '0') AS sku, price,
         CASE WHEN pg_temp.rnd(id, 'sale') < 0.22 THEN round(price * (0.6 + 0.35 * pg_temp.rnd(id, 'discount'))::numeric, 2) END AS sale_price,
         CASE WHEN pg_temp.rnd(id, 'stock') < 0.05 THEN 0
              WHEN pg_temp.rnd(id, 'stock') < 0.12 THEN 1 + floor(10 * pg_temp.rnd(id, 'stock.low'))::integer
              ELSE 11 + floor(490 * pg_temp.rnd(id, 'stock.high'))::integer END AS stock_quantity,
         CASE WHEN pg_temp.rnd(id, 'seller') < 0.02 THEN 2
              WHEN pg_temp.rnd(id, 'seller') < 0.4 THEN 2 + 50 * floor(pg_temp.rnd(id, 'seller.id') * (($4::bigint + 48) / 50))::bigint
         END AS seller_id,
         $5::timestamptz - interval '91 days' - interval '700 days' * pg_temp.rnd(id, 'product.created') AS created_at
    FROM made`;

const products = `
  INSERT INTO products (id, name, slug, description, short_description, sku, price, sale_price, stock_quantity, category_id, seller_id, brand,
                        weight, dimensions, image_url, is_active, is_featured, rating_sum, rating_count, created_at, updated_at)
  SELECT id, name, trim(BOTH '-' FROM regexp_replace(lower(name), '[^a-z0-9]+', '-', 'g')) || '-' || id,
         format('The %s comes in %s with %s and %s. It is %s.', name, pg_temp.pick($3, id, 'colour'), pg_temp.pick($4, id, 'feature.1'),
                pg_temp.pick($4, id, 'feature.2'), pg_temp.pick($5, id, 'benefit')),
         format('%s by %s with %s', noun, brand, pg_temp.pick($4, id, 'feature.1')),
         sku, price, sale_price, stock_quantity, category_id, seller_id, brand, round((0.05 + 12 * power(pg_temp.rnd(id, 'weight'), 3))::numeric, 2),
         format('%s x %s x %s cm', 5 + floor(60 * pg_temp.rnd(id, 'width')), 5 + floor(40 * pg_temp.rnd(id, 'height')),
                2 + floor(30 * pg_temp.rnd(id, 'depth'))),
         format('https://images.techmart.test/products/%s.jpg', id), id % 20 <> 0, pg_temp.rnd(id, 'featured') < 0.03,
         coalesce(rating_sum, 0), coalesce(rating_count, 0), created_at, created_at
    FROM seed_products
    LEFT JOIN (SELECT product_id, sum(rating) AS rating_sum, count(*) AS rating_count FROM reviews
                WHERE is_approved AND product_id BETWEEN $1 AND $2 GROUP BY product_id) rated ON product_id = id
   WHERE id BETWEEN $1 AND $2
   ORDER BY id`;

export async function draftProducts({ query, counts, data, now }: SeedContext): Promise<void> {
  const { kinds } = data;
  const departments = kinds.map((kind) => kind.department);
  await query(kindTable, [
    kinds.map((_, index) => index + 1),
    kinds.map((kind) => kind.categoryId),
    kinds.map((kind) => kind.nouns.join('|')),
    departments.map((department) => department.brands.join('|')),
    departments.map((department) => department.price[0]),
    departments.map((department) => department.price[1]),
    departments.map((department) => department.hasVolumes ?? false),
  ]);
  await query(draftTable, [counts.products, data.brands, vocabulary.adjectives, counts.users, now.toISOString()]);
  await query('CREATE INDEX ON pg_temp.seed_products (id)');
  await query('CREATE INDEX ON pg_temp.seed_products (category_id, id)');
  await query('ANALYZE pg_temp.seed_products');
}

/** After the reviews, so that each row is written once, with its rating. */
export async function seedProducts({ query, counts, report }: SeedContext): Promise<void> {
  await query('CREATE INDEX seed_reviews_product ON reviews (product_id)');
  for (let from = 1; from <= counts.products; from += CHUNK) {
    const to = Math.min(counts.products, from + CHUNK - 1);
    await query(products, [from, to, vocabulary.colours, vocabulary.features, vocabulary.benefits]);
    report(to / counts.products);
  }
  await query('DROP INDEX seed_reviews_product');
}
