import { z } from 'zod';
import { booleanParameter } from '../../http/schema.js';

export const importQuery = z.object({
  dry_run: booleanParameter().optional().describe('Check the whole file and report as usual, but write nothing'),
});
export type ImportQuery = z.output<typeof importQuery>;

const place = {
  line: z.int().nullable().describe('Line of the file on which the row begins, the header being line 1; null: the file as a whole'),
  column: z.string().nullable().describe('Name of the column as the header writes it; null: the row as a whole'),
  sku: z.string().optional(),
  message: z.string(),
};

export const importNote = z.object(place).meta({ id: 'ImportNote' });
export type ImportNote = z.infer<typeof importNote>;

export const importReport = z
  .object({
    dry_run: z.boolean(),
    format: z.enum(['techmart', 'shopify']),
    encoding: z.enum(['utf-8', 'utf-16le', 'utf-16be', 'windows-1252']),
    delimiter: z.enum([',', ';', '\t']),
    rows: z.int().describe('Rows below the header, blank ones not counted'),
    products: z.int().describe('Products that the rows describe: created + updated + unchanged + failed'),
    created: z.int(),
    updated: z.int(),
    unchanged: z.int().describe('The file says what is there already; nothing was written'),
    failed: z.int().describe('Products that were left as they were, for the reasons in `errors`'),
    warnings: z.array(importNote).describe('1,000 at most'),
    errors: z.array(importNote).describe('1,000 at most, in the order of the file'),
    errors_truncated: z.boolean().describe('There were more errors than are listed'),
  })
  .meta({
    id: 'ImportReport',
    examples: [
      {
        dry_run: false,
        format: 'techmart',
        encoding: 'utf-8',
        delimiter: ',',
        rows: 3,
        products: 3,
        created: 1,
        updated: 1,
        unchanged: 0,
        failed: 1,
        warnings: [{ line: 1, column: null, message: 'columns that are not used: Notes' }],
        errors: [{ line: 4, column: 'price', sku: 'ACM-0003', message: 'must be an amount such as 12.99' }],
        errors_truncated: false,
      },
    ],
  });
export type ImportReport = z.infer<typeof importReport>;
