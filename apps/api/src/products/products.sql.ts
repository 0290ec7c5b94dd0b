/** Breadcrumbs of the category `c`, from its path: no recursion. */
const breadcrumbs = `
  (SELECT json_agg(json_build_object('id', b.id, 'name', b.name, 'slug', b.slug) ORDER BY step.place)
     FROM unnest(c.path) WITH ORDINALITY AS step (id, place) JOIN categories b ON b.id = step.id) AS breadcrumbs`;

/** The fields of a product in a list; wants `products p JOIN categories c ON c.id = p.category_id`. */
export const rowColumns = `
  p.id, p.name, p.slug, p.sku, p.price, p.sale_price, p.stock_quantity, p.brand, p.weight, p.dimensions, p.image_url,
  json_build_object('id', c.id, 'name', c.name, 'slug', c.slug) AS category, ${breadcrumbs},
  json_build_object('average', p.rating_average, 'count', p.rating_count) AS rating,
  p.is_featured, p.is_active, p.seller_id, p.version, p.created_at, p.updated_at`;

/** Those, and the long texts. */
export const detailColumns = `${rowColumns}, p.description, p.short_description`;

export const fromProducts = 'FROM products p JOIN categories c ON c.id = p.category_id';
