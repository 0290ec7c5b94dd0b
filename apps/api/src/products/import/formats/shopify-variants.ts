import { compile } from 'html-to-text';
import { amountForm, type ProductCells } from './product-draft.js';
import type { FormatOutput, Remark } from './product-format.js';
import type { ShopifyColumn, ShopifyRow } from './shopify-format.js';
import { stableSlug } from './shopify-slug.js';

/** The rows of one handle. */
export interface ShopifyGroup {
  readonly handle: string;
  readonly first: ShopifyRow;
  readonly variants: { readonly line: number; readonly row: ShopifyRow }[];
  readonly images: { readonly url: string; readonly position: number }[];
  rows: number;
}

type Variant = ShopifyGroup['variants'][number];
type Cells = ProductCells['cells'];
type TitleOf = (column: ShopifyColumn) => string | undefined;

const toText = compile({
  wordwrap: false,
  limits: { maxDepth: 60 },
  selectors: [
    { selector: 'a', options: { ignoreHref: true } },
    { selector: 'img', format: 'skip' },
    ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((selector) => ({ selector, options: { uppercase: false } })),
  ],
});

/** One product for each variant. What stands in the first row alone goes for all of them. */
export function describeVariants(group: ShopifyGroup, titleOf: TitleOf): FormatOutput {
  const warnings: Remark[] = [];
  const failures: Remark[] = [];
  const shared = sharedCells(group, titleOf);
  const products: ProductCells[] = [];
  for (const variant of group.variants) {
    const compareAt = variant.row('compare_at');
    if (compareAt !== '' && !amountForm.test(compareAt)) {
      failures.push({ line: variant.line, column: titleOf('compare_at') ?? null, message: 'must be an amount such as 12.99' });
      continue;
    }
    const { quantity, warning } = stockOf(variant.row);
    if (titleOf('quantity') !== undefined && warning !== undefined) {
      warnings.push({ line: variant.line, column: titleOf('quantity') ?? null, message: warning });
    }
    const cells = {
      ...shared.cells,
      ...variantCells(group, variant, titleOf),
      ...(titleOf('quantity') ? { stock_quantity: quantity } : {}),
    };
    products.push({ line: variant.line, cells, type: shared.type });
  }
  return { products, warnings, failures };
}

function sharedCells({ first }: ShopifyGroup, titleOf: TitleOf): { cells: Cells; type: NonNullable<ProductCells['type']> } {
  const path = first('product_category');
  const leaf = path.split('>').at(-1)?.trim() ?? '';
  const hasState = titleOf('status') !== undefined || titleOf('published') !== undefined;
  const isOnSale = /^(active)?$/i.test(first('status')) && !/^(false|no|0)$/i.test(first('published'));
  return {
    cells: {
      ...(titleOf('body') ? { description: toText(first('body')) } : {}),
      ...(titleOf('vendor') ? { brand: first('vendor') } : {}),
      ...(hasState ? { is_active: String(isOnSale) } : {}),
    },
    type: { name: first('type') || leaf, path: first('type') === '' && path !== '' ? path : undefined },
  };
}

function variantCells(group: ShopifyGroup, { row }: Variant, titleOf: TitleOf): Cells {
  const options = [row('option1'), row('option2'), row('option3')].filter((value) => value !== '');
  const own = options.length === 1 && options[0] === 'Default Title' ? [] : options;
  const title = group.first('title');
  const slug = stableSlug([group.handle, ...own].join('-'), 200);
  const image = row('variant_image') || firstImage(group);
  return {
    name: own.length > 0 ? `${title} - ${own.join(' / ')}` : title,
    slug,
    // Spreadsheets leave an apostrophe before a SKU of digits only.
    sku: row('sku').replace(/^'/, '') || (slug.length <= 50 ? slug : stableSlug(slug, 50)),
    ...prices(row('price'), row('compare_at')),
    ...(titleOf('grams') ? { weight: kilograms(row('grams')) } : {}),
    ...(titleOf('image') || titleOf('variant_image') ? { image_url: image.replace(/^\/\//, 'https://') } : {}),
  };
}

const firstImage = ({ images }: ShopifyGroup): string => images.toSorted((one, other) => one.position - other.position)[0]?.url ?? '';

/** What was asked for before is the price, what is asked for now the sale price. */
function prices(price: string, compareAt: string): Cells {
  const amountOf = (text: string): number => (text === '' ? NaN : Number(text.replace(',', '.')));
  return amountOf(compareAt) > amountOf(price) ? { price: compareAt, sale_price: price } : { price, sale_price: '' };
}

function stockOf(row: ShopifyRow): { quantity: string; warning?: string } {
  const quantity = row('quantity');
  if (quantity === '') return { quantity: '0', warning: 'no quantity is told; taken as 0' };
  if (/^-\d+$/.test(quantity)) return { quantity: '0', warning: `${quantity} is less than none; taken as 0` };
  return { quantity };
}

/** Our weights are in kilograms with two decimals; 0 grams is how Shopify says that nobody weighed it. */
function kilograms(grams: string): string {
  const weight = Number(grams);
  if (grams === '' || weight === 0) return '';
  return weight > 0 ? Math.max(0.01, weight / 1000).toFixed(2) : grams;
}
