import { breadcrumbsOf } from '../categories/categories.sql.js';

/** The fields of a product in a list; wants `products p JOIN categories c ON c.id = p.category_id`. */
export const rowColumns = `
  p.id, p.name, p.slug, p.sku, p.price, p.sale_price, p.stock_quantity, p.brand, p.weight, p.dimensions, p.image_url,
  json_build_object('id', c.id, 'name', c.name, 'slug', c.slug) AS category, ${breadcrumbsOf('c')} AS breadcrumbs,
  json_build_object('average', p.rating_average, 'count', p.rating_count) AS rating,
  p.is_featured, p.is_active, p.seller_id, p.version, p.created_at, p.updated_at`;

/** Those, and the long texts. */
export const detailColumns = `${rowColumns}, p.description, p.short_description`;

export const fromProducts = 'FROM products p JOIN categories c ON c.id = p.category_id';
