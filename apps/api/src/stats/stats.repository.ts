import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import type { SiteStats } from './stats.dto.js';

// One statement, in which each table or index is read once. Ratings are what the products keep of their approved reviews, so no
// review is read; names are looked up for the winners alone.
const figures = `
  WITH category AS MATERIALIZED (
    SELECT p.category_id AS id, count(*) FILTER (WHERE p.is_active) AS product_count,
           coalesce(sum(popularity.order_count) FILTER (WHERE p.is_active), 0) AS order_count,
           sum(p.rating_sum::integer) AS rating_sum, sum(p.rating_count) AS rating_count
      FROM products p JOIN product_popularity popularity ON popularity.product_id = p.id GROUP BY p.category_id
  ), author AS (
    SELECT author_id AS id, count(*) AS posts_count FROM posts GROUP BY author_id ORDER BY 2 DESC, 1 OFFSET 0
  ), top_category AS (
    SELECT c.id, c.name, c.slug, category.product_count, category.order_count
      FROM category JOIN categories c ON c.id = category.id AND c.is_active
     WHERE category.product_count > 0 ORDER BY 5 DESC, 4 DESC, 1 LIMIT 5
  ), top_author AS (
    SELECT u.id, u.username, author.posts_count
      FROM author JOIN users u ON u.id = author.id AND u.is_active ORDER BY 3 DESC, author.id LIMIT 5
  )
  SELECT
    (SELECT count(*) FROM users WHERE is_active) AS users,
    shop.products,
    (SELECT count(*) FROM categories WHERE is_active) AS categories,
    (SELECT count(*) FROM orders WHERE status <> 'cancelled') AS orders,
    shop.reviews,
    (SELECT count(*) FROM posts) AS posts,
    (SELECT count(*) FROM comments) AS comments,
    shop.average_rating,
    (SELECT coalesce(json_agg(top_category ORDER BY order_count DESC, product_count DESC, id), '[]') FROM top_category) AS top_categories,
    (SELECT coalesce(json_agg(top_author ORDER BY posts_count DESC, id), '[]') FROM top_author) AS top_authors
  FROM (
    SELECT coalesce(sum(product_count), 0) AS products, coalesce(sum(rating_count), 0) AS reviews,
           round(sum(rating_sum)::numeric / nullif(sum(rating_count), 0), 2) AS average_rating
      FROM category
  ) shop`;

@Injectable()
export class StatsRepository {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  async read(): Promise<SiteStats> {
    const [row]: SiteStats[] = await this.dataSource.query(figures);
    if (!row) throw new Error('a select of aggregates gave no row');
    return row;
  }
}
