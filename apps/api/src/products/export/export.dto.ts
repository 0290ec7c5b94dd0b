import { z } from 'zod';
import { booleanParameter } from '../../http/schema.js';

export const exportQuery = z.object({
  bom: booleanParameter().optional().describe('Begin with a byte order mark, by which Excel knows UTF-8'),
});
export type ExportQuery = z.output<typeof exportQuery>;

/**
 * The columns of a product file, in their order. The id is for the reader, and stands last: what a file that was cut off lost first is
 * then nothing that the import would take.
 */
export const exportColumns = [
  'sku',
  'name',
  'slug',
  'price',
  'sale_price',
  'stock_quantity',
  'category',
  'brand',
  'weight',
  'dimensions',
  'image_url',
  'is_featured',
  'is_active',
  'short_description',
  'description',
  'id',
] as const;

export type ExportRow = Readonly<Record<(typeof exportColumns)[number], string | number | boolean | null>> & { readonly id: number };
