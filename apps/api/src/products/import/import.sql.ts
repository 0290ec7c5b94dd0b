import type { CellName } from './formats/product-draft.js';

/** What a file may set, in the order of the statements, as PostgreSQL's types: two amounts are then compared as it compares them. */
const columnTypes = {
  name: 'text',
  slug: 'text',
  description: 'text',
  short_description: 'text',
  price: 'numeric(10, 2)',
  sale_price: 'numeric(10, 2)',
  stock_quantity: 'integer',
  category_id: 'bigint',
  brand: 'text',
  weight: 'numeric(8, 2)',
  dimensions: 'text',
  image_url: 'text',
  is_featured: 'boolean',
  is_active: 'boolean',
} as const;
type WrittenColumn = keyof typeof columnTypes;
const written = Object.keys(columnTypes) as WrittenColumn[];

/** Where an empty cell means "as it is", since there is no such thing as none. */
const kept: ReadonlySet<WrittenColumn> = new Set(['name', 'slug', 'price', 'stock_quantity', 'category_id', 'is_featured', 'is_active']);

const defaults: Partial<Record<WrittenColumn, string>> = { stock_quantity: '0', is_featured: 'false', is_active: 'true' };

const recordset = (...extra: string[]): string =>
  `jsonb_to_recordset($1::jsonb) AS r (line integer, sku text, ${[...extra, ...written.map((name) => `${name} ${columnTypes[name]}`)].join(', ')})`;

export interface ImportSql {
  /** $1 rows, $2 the seller whose products alone may be changed, or null: how the products stand that the rows name. */
  readonly classify: string;
  /** $1 rows with ids, $2 as above: the lines whose products were changed. Slugs stay. */
  readonly update: string;
  /** The same for rows of which some have a new slug. */
  readonly updateWithSlugs: string;
  /** $1 rows, $2 the new products' seller: the lines whose products were made. */
  readonly insert: string;
}

/** The statements for a file that has these columns; the others keep what is there. Built of names in this file alone. */
export function importSql(sets: ReadonlySet<CellName>): ImportSql {
  const columns = written.filter((name) => name === 'category_id' || (name !== 'slug' && sets.has(name)));
  const withSlug = [...columns, 'slug' as const];
  return {
    classify: classify(columns),
    // A slug is a key: even where it is set to what it is, rows are locked as if they were deleted, against the check-outs that name them.
    update: update(columns, 'FOR NO KEY UPDATE'),
    updateWithSlugs: update(withSlug, 'FOR UPDATE'),
    insert: insert(withSlug),
  };
}

type Columns = readonly WrittenColumn[];

/** What the column of `products p` will hold after the row `r`. */
function target(columns: Columns, name: WrittenColumn): string {
  if (!columns.includes(name)) return `p.${name}`;
  return kept.has(name) ? `coalesce(r.${name}, p.${name})` : `r.${name}`;
}

// Of slugs the batch decides.
const classify = (columns: Columns): string => `
  SELECT r.line, p.id, p.slug, ($2::bigint IS NULL OR p.seller_id IS NOT DISTINCT FROM $2::bigint) AS is_own,
         coalesce(${target(columns, 'sale_price')} > ${target(columns, 'price')}, false) AS is_sale_too_high,
         (${columns.map((name) => `p.${name}`).join(', ')})
           IS DISTINCT FROM (${columns.map((name) => target(columns, name)).join(', ')}) AS is_changed
    FROM ${recordset()} JOIN products p ON p.sku = r.sku`;

const changedEvent = (columns: Columns): string =>
  `jsonb_build_object('product_id', id, 'fields', jsonb_build_array(${columns.map((name) => `'${name}'`).join(', ')}))`;

// Locked in the order of the ids, as check-outs do: neither waits for the other in a ring.
const update = (columns: Columns, lock: 'FOR UPDATE' | 'FOR NO KEY UPDATE'): string => `
  WITH r AS MATERIALIZED (SELECT * FROM ${recordset('id bigint')}),
       locked AS MATERIALIZED (
         SELECT p.id, p.stock_quantity FROM products p
          WHERE p.id IN (SELECT id FROM r) AND ($2::bigint IS NULL OR p.seller_id = $2) ORDER BY p.id ${lock}),
       changed AS (
         UPDATE products p SET ${columns.map((name) => `${name} = ${target(columns, name)}`).join(', ')}, version = p.version + 1
           FROM r JOIN locked ON locked.id = r.id WHERE p.id = r.id
         RETURNING p.id, r.line, locked.stock_quantity AS stock_before, p.stock_quantity),
       event AS (
         SELECT id, 1 AS place, 'product.changed' AS type, ${changedEvent(columns)} AS payload FROM changed
         UNION ALL
         SELECT id, 2, 'product.stock_low', jsonb_build_object('product_id', id, 'stock_quantity', stock_quantity)
           FROM changed WHERE stock_quantity <= 10 AND stock_before > 10),
       told AS (
         INSERT INTO outbox (aggregate_type, aggregate_id, event_type, payload)
         SELECT 'product', id, type, payload FROM event ORDER BY id, place)
  SELECT line, id FROM changed`;

function insert(columns: Columns): string {
  const values = columns.map((name) => (defaults[name] === undefined ? `r.${name}` : `coalesce(r.${name}, ${defaults[name]})`));
  // By SKU: of two imports that make the same products, one waits for the other, and not each for the other.
  return `
    WITH r AS MATERIALIZED (SELECT * FROM ${recordset()}),
         made AS (
           INSERT INTO products (sku, seller_id, ${columns.join(', ')})
           SELECT r.sku, $2::bigint, ${values.join(', ')} FROM r ORDER BY r.sku
           ON CONFLICT (sku) DO NOTHING RETURNING id, sku),
         told AS (
           INSERT INTO outbox (aggregate_type, aggregate_id, event_type, payload)
           SELECT 'product', id, 'product.changed', ${changedEvent(columns)} FROM made ORDER BY id)
    SELECT r.line, made.id FROM made JOIN r ON r.sku = made.sku`;
}

export const categories = `
  SELECT c.id, c.name, c.slug,
         (SELECT string_agg(a.name, ' > ' ORDER BY step.place) FROM unnest(c.path) WITH ORDINALITY AS step (id, place)
            JOIN categories a ON a.id = step.id) AS path
    FROM categories c ORDER BY cardinality(c.path), c.id`;

/** A row of `job_leases` while an import of a user runs; it ends by itself if the process does not live to end it. */
export const claimLease = `
  INSERT INTO job_leases AS lease (name, holder, expires_at) VALUES ($1, $2, clock_timestamp() + interval '2 minutes')
  ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
    WHERE lease.expires_at <= clock_timestamp() OR lease.holder = excluded.holder
  RETURNING name`;
export const endLease = 'DELETE FROM job_leases WHERE name = $1 AND holder = $2';
