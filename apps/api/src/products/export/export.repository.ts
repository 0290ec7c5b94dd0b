import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import type { ExportRow } from './export.dto.js';

const PAGE = 500;

// The path of a category names it alone, unless one on it is called like a path itself; its slug always does.
const page = `
  SELECT p.sku, p.name, p.slug, p.price::text, p.sale_price::text, p.stock_quantity, place.name AS category, p.brand, p.weight::text,
         p.dimensions, p.image_url, p.is_featured, p.is_active, p.short_description, p.description, p.id
    FROM (SELECT * FROM products WHERE ($1::bigint IS NULL OR seller_id = $1) AND id > $2 ORDER BY id LIMIT ${PAGE}) AS p
    JOIN categories c ON c.id = p.category_id
    CROSS JOIN LATERAL (
      SELECT CASE WHEN bool_or(strpos(step.name, '>') > 0) THEN c.slug ELSE string_agg(step.name, ' > ' ORDER BY way.place) END AS name
        FROM unnest(c.path) WITH ORDINALITY AS way (id, place) JOIN categories step ON step.id = way.id) AS place
   ORDER BY p.id`;

@Injectable()
export class ExportRepository {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** The next products of the seller, or of everybody for null, by ascending id. None: there are no more. */
  findPage(sellerId: number | null, afterId: number): Promise<ExportRow[]> {
    return this.dataSource.query(page, [sellerId, afterId]);
  }
}
