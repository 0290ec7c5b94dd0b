import { z } from 'zod';
import { productCreation } from '../../products.dto.js';

const { shape } = productCreation;

/** Where a product is to go: an id, a path or slug as somebody wrote it, or the type that another shop gave it. */
export interface CategoryWish {
  readonly id?: number | undefined;
  readonly text?: string | undefined;
  readonly type?: { readonly name: string; readonly path?: string | undefined } | undefined;
}

/** `12`, `12.9`, `12,99` and, as databases write it, `12.9900`; but with three digits after it, a comma or dot separates thousands. */
export const amountForm = /^\d{1,8}(?:[.,]\d{1,2}|[.,]\d{2}00+)?$/;
const amount = z
  .string()
  .regex(amountForm, 'must be an amount such as 12.99: at most two decimals, no currency, no thousands separator')
  .transform((value) => value.replace(',', '.'));

const wholeNumber = z
  .string()
  .regex(/^\d{1,10}$/, 'must be a whole number, 0 or more')
  .transform(Number)
  .pipe(shape.stock_quantity);

const decimal = z
  .string()
  .regex(/^\d{1,6}(?:[.,]\d{1,6})?$/, 'must be a number such as 0.25')
  .transform((value) => value.replace(',', '.'));

const truths: Readonly<Record<string, boolean>> = {
  true: true, t: true, yes: true, y: true, '1': true,
  false: false, f: false, no: false, n: false, '0': false,
}; // prettier-ignore
const truth = z.string().transform((value, context) => {
  const known = truths[value.toLowerCase()];
  if (known === undefined) context.addIssue('must be true or false');
  return known ?? false;
});

const identifier = z
  .string()
  .regex(/^[1-9]\d{0,14}$/, 'must be the id of a category')
  .transform(Number);

const required = <T extends z.ZodType>(schema: T) => z.preprocess((value) => (value === '' ? undefined : value), schema);
/** An empty cell says that there is none; a column that the file does not have says nothing. */
const optional = <T extends z.ZodType>(schema: T) => z.preprocess((value) => (value === '' ? null : value), schema.nullable()).optional();

const cells = z.object({
  sku: required(shape.sku),
  name: required(shape.name),
  slug: optional(shape.slug.unwrap()),
  description: optional(shape.description.unwrap().unwrap()),
  short_description: optional(shape.short_description.unwrap().unwrap()),
  price: required(amount),
  sale_price: optional(amount),
  stock_quantity: required(wholeNumber).optional(),
  category_id: optional(identifier),
  category: optional(z.string().max(2000)),
  brand: optional(shape.brand.unwrap().unwrap()),
  weight: optional(decimal),
  dimensions: optional(shape.dimensions.unwrap().unwrap()),
  image_url: optional(shape.image_url.unwrap().unwrap()),
  is_featured: optional(truth),
  is_active: optional(truth),
});

export type CellName = keyof z.input<typeof cells>;
export const cellNames = Object.keys(cells.shape) as readonly CellName[];

/** One product as a file describes it: our columns, as text. */
export interface ProductCells {
  readonly line: number;
  readonly cells: Readonly<Partial<Record<CellName, string>>>;
  readonly type?: CategoryWish['type'];
}

/** One product, checked by itself. Amounts stay decimal text: the database alone calculates with them. */
export interface ProductDraft {
  readonly line: number;
  readonly values: Omit<z.output<typeof cells>, 'category' | 'category_id'>;
  readonly category: CategoryWish;
}

export interface CellFault {
  readonly column: CellName | undefined;
  readonly message: string;
}

const cents = (value: string): number => Math.round(Number(value) * 100);

/** The draft, or all that is wrong with the cells. */
export function checkCells({ line, cells: given, type }: ProductCells): ProductDraft | CellFault[] {
  const parsed = cells.safeParse(given);
  if (!parsed.success) return parsed.error.issues.map((issue) => ({ column: issue.path[0] as CellName, message: issueText(issue) }));
  const { category_id: id, category: text, ...values } = parsed.data;
  if (values.sale_price && cents(values.sale_price) > cents(values.price)) {
    return [{ column: 'sale_price', message: 'must not be above the price' }];
  }
  if (!type && !id && !text) return [{ column: 'category', message: 'is required' }];
  return { line, values, category: { id: id ?? undefined, text: text ?? undefined, type } };
}

// Cells are text: what is of another type is not there.
const issueText = ({ code, message }: z.core.$ZodIssue): string => (code === 'invalid_type' ? 'is required' : message);
