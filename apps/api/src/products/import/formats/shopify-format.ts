import type { Column } from '../csv/columns.js';
import type { CsvRow } from '../csv/csv-reader.js';
import type { CellName } from './product-draft.js';
import type { FormatOutput, FormatReader, ProductFormat, Remark } from './product-format.js';
import { describeVariants, type ShopifyGroup } from './shopify-variants.js';

const columns = {
  handle: 'handle', urlhandle: 'handle', title: 'title', bodyhtml: 'body', description: 'body', vendor: 'vendor',
  productcategory: 'product_category', type: 'type', customproducttype: 'type', published: 'published', publishedononlinestore: 'published',
  status: 'status', option1value: 'option1', option2value: 'option2', option3value: 'option3', variantsku: 'sku', sku: 'sku',
  variantgrams: 'grams', weightvaluegrams: 'grams', variantinventoryqty: 'quantity', inventoryquantity: 'quantity', variantprice: 'price',
  price: 'price', variantcompareatprice: 'compare_at', compareatprice: 'compare_at', imagesrc: 'image', productimageurl: 'image',
  imageposition: 'image_position', variantimage: 'variant_image', variantimageurl: 'variant_image',
} as const; // prettier-ignore
export type ShopifyColumn = (typeof columns)[keyof typeof columns];
export type ShopifyRow = (column: ShopifyColumn) => string;

/** Which of its columns each of ours comes from; the first that the file has is named in errors. */
const sources: Partial<Record<CellName, readonly ShopifyColumn[]>> = {
  sku: ['sku', 'handle'],
  name: ['title'],
  slug: ['handle'],
  description: ['body'],
  price: ['price'],
  sale_price: ['compare_at'],
  stock_quantity: ['quantity'],
  category: ['type', 'product_category'],
  brand: ['vendor'],
  weight: ['grams'],
  image_url: ['variant_image', 'image'],
  is_active: ['status', 'published'],
};

// Shopify's own limits are 2,048 variants and 250 images.
const MAX_GROUP_ROWS = 2500;

class ShopifyFormat implements ProductFormat {
  readonly name = 'shopify';
  readonly isSlugFirm = false;
  readonly sets: ReadonlySet<CellName>;
  private group: ShopifyGroup | undefined;

  constructor(private readonly columns: ReadonlyMap<string, Column>) {
    const names = Object.keys(sources) as CellName[];
    this.sets = new Set(names.filter((name) => sources[name]?.some((source) => columns.has(source))));
  }

  add({ line, fields }: CsvRow): FormatOutput {
    const row: ShopifyRow = (column) => fields[this.columns.get(column)?.index ?? -1]?.trim() ?? '';
    const handle = row('handle');
    if (handle === '') return this.refuse(line, row, 'handle', 'is required');
    if (handle === this.group?.handle) return this.continueGroup(line, row);
    const output = this.finish();
    if (row('title') === '') return joined(output, this.refuse(line, row, 'title', `the rows of "${handle}" do not stand together`));
    this.group = { handle, first: row, variants: [{ line, row }], images: [], rows: 1 };
    this.addImage(this.group, row);
    return output;
  }

  finish(): FormatOutput {
    const group = this.group;
    this.group = undefined;
    return group ? describeVariants(group, (column) => this.columns.get(column)?.title) : { products: [] };
  }

  title(cell: CellName | undefined): string | null {
    const source = cell && sources[cell]?.find((column) => this.columns.has(column));
    return (source && this.columns.get(source)?.title) ?? null;
  }

  private continueGroup(line: number, row: ShopifyRow): FormatOutput {
    const { group } = this;
    if (!group) return { products: [] };
    group.rows += 1;
    if (group.rows > MAX_GROUP_ROWS) return this.refuse(line, row, 'handle', `"${group.handle}" has more than ${MAX_GROUP_ROWS} rows`);
    if (isVariant(row)) group.variants.push({ line, row });
    this.addImage(group, row);
    return { products: [] };
  }

  private addImage(group: ShopifyGroup, row: ShopifyRow): void {
    const url = row('image');
    if (url !== '') group.images.push({ url, position: Number(row('image_position')) || Infinity });
  }

  /** A row that only carries an image has no product to lose. */
  private refuse(line: number, row: ShopifyRow, column: ShopifyColumn, message: string): FormatOutput {
    const remark: Remark = { line, column: this.columns.get(column)?.title ?? null, message };
    return { products: [], ...(isVariant(row) ? { failures: [remark] } : { warnings: [remark] }) };
  }
}

const isVariant = (row: ShopifyRow): boolean => (['title', 'option1', 'sku', 'price'] as const).some((column) => row(column) !== '');

const joined = (one: FormatOutput, other: FormatOutput): FormatOutput => ({
  products: [...one.products, ...other.products],
  failures: [...(one.failures ?? []), ...(other.failures ?? [])],
  warnings: [...(one.warnings ?? []), ...(other.warnings ?? [])],
});

const needed = { handle: 'Handle', title: 'Title', price: 'Variant Price' } as const;

/** Shopify's product export, by the column names of both its generations. */
export const shopifyFormat: FormatReader = {
  name: 'shopify',
  columns,
  open: (present) => new ShopifyFormat(present),
  missing: (present) => Object.entries(needed).flatMap(([name, title]) => (present.has(name) ? [] : [title])),
};
