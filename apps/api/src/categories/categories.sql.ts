/** The categories from the root to `c`, as one JSON list. */
export const breadcrumbsOf = (c: string): string => `
  (SELECT json_agg(json_build_object('id', crumb.id, 'name', crumb.name, 'slug', crumb.slug) ORDER BY cardinality(crumb.path))
     FROM categories crumb WHERE crumb.id = ANY (${c}.path))`;

/** Parents before children, siblings in their order; each with the count of its own active products. */
export const flatTree = `
  SELECT c.id, c.name, c.slug, c.parent_id, coalesce(own.count, 0) AS product_count
    FROM categories c
    LEFT JOIN (SELECT category_id, count(*) FROM products WHERE is_active GROUP BY category_id) own ON own.category_id = c.id
   WHERE c.is_active
   ORDER BY cardinality(c.path), c.sort_order, c.name, c.id`;

// The products are counted by the child that they are under; null are the category's own.
export const categoryById = `
  WITH counted AS MATERIALIZED (
    SELECT below.path[cardinality(self.path) + 1] AS child_id, count(*) AS count
      FROM categories self
      JOIN categories below ON below.path @> ARRAY[self.id]
      JOIN products p ON p.category_id = below.id AND p.is_active
     WHERE self.id = $1
     GROUP BY child_id
  )
  SELECT c.id, c.name, c.slug, c.parent_id, c.description,
         (SELECT coalesce(sum(count), 0) FROM counted) AS product_count,
         (SELECT coalesce(json_agg(json_build_object('id', child.id, 'name', child.name, 'slug', child.slug, 'parent_id', child.parent_id,
                                                     'product_count', coalesce(counted.count, 0))
                                   ORDER BY child.sort_order, child.name, child.id), '[]')
            FROM categories child LEFT JOIN counted ON counted.child_id = child.id
           WHERE child.parent_id = c.id AND child.is_active) AS children,
         ${breadcrumbsOf('c')} AS breadcrumbs
    FROM categories c WHERE c.id = $1 AND c.is_active`;

/** $1 name, $2 slug or null, $3 what the slug is made from, $4 description, $5 parent, $6 place. */
export const insertCategory = `
  INSERT INTO categories (id, name, slug, description, parent_id, sort_order)
  SELECT fresh.id, $1,
         coalesce($2, CASE WHEN EXISTS (SELECT FROM categories WHERE slug = $3) THEN $3 || '-' || fresh.id ELSE $3 END),
         $4, $5, $6
    FROM (SELECT nextval(pg_get_serial_sequence('categories', 'id')) AS id) fresh
  RETURNING id`;

// Whoever puts a product or a child under the category shares a lock on its row: after this lock nobody can, until we are done.
export const lockCategory = 'SELECT id FROM categories WHERE id = $1 FOR UPDATE';

/** What keeps a category from being deleted. */
export const usesOfCategory = `
  SELECT (SELECT count(*) FROM products WHERE category_id = $1) AS products,
         (SELECT count(*) FROM categories WHERE parent_id = $1) AS children`;
