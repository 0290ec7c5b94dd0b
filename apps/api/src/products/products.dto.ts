import { z } from 'zod';
import { crumb } from '../categories/categories.dto.js';
import { pageFields, pageParameters, pagination } from '../http/page.js';
import {
  answeredTimestamp,
  booleanParameter,
  id,
  idParameter,
  integerParameter,
  line,
  money,
  numberParameter,
  slug as slugOf,
  text,
} from '../http/schema.js';

export const slug = slugOf(200);
const imageLine = line(2048);
// The parser of URLs takes control characters, which it would encode; what is stored is the text itself.
const imageUrl = z
  .httpUrl()
  .max(2048)
  .refine((value) => imageLine.safeParse(value).success, 'must not contain control characters');
const mostMoney = 99_999_999.99;

const listFields = {
  id: z.int(),
  name: z.string(),
  slug: z.string(),
  sku: z.string(),
  price: z.number(),
  sale_price: z.number().nullable(),
  stock_quantity: z.int(),
  brand: z.string().nullable(),
  weight: z.number().nullable(),
  dimensions: z.string().nullable(),
  image_url: z.string().nullable(),
  category: crumb,
  breadcrumbs: z.array(crumb).describe('From the root to the category of the product'),
  rating: z.object({ average: z.number().nullable().describe('Two decimals; null without a review'), count: z.int() }),
  is_featured: z.boolean(),
  is_active: z.boolean(),
  seller_id: z.int().nullable().describe('null: the house'),
  version: z.int(),
  created_at: answeredTimestamp,
  updated_at: answeredTimestamp,
};

const listExample = {
  id: 1,
  name: 'Acme Wireless Headphones 300',
  slug: 'acme-wireless-headphones-300',
  sku: 'AC-000001',
  price: 129.99,
  sale_price: 99.99,
  stock_quantity: 25,
  brand: 'Acme',
  weight: 0.3,
  dimensions: '18 x 16 x 8 cm',
  image_url: null,
  category: { id: 12, name: 'Headphones', slug: 'headphones' },
  breadcrumbs: [
    { id: 2, name: 'Audio', slug: 'audio' },
    { id: 12, name: 'Headphones', slug: 'headphones' },
  ],
  rating: { average: 4.33, count: 3 },
  is_featured: false,
  is_active: true,
  seller_id: 2,
  version: 1,
  created_at: '2026-01-31T12:00:00.000Z',
  updated_at: '2026-01-31T12:00:00.000Z',
};

export const productRow = z.object(listFields).meta({ id: 'ProductRow', examples: [listExample] });
export type ProductRow = z.infer<typeof productRow>;

export const product = z.object({ ...listFields, description: z.string().nullable(), short_description: z.string().nullable() }).meta({
  id: 'Product',
  examples: [{ ...listExample, description: 'Thirty hours on one charge.', short_description: 'Over-ear, wireless' }],
});
export type Product = z.infer<typeof product>;

export const sorts = ['relevance', 'name', 'price', 'created_at', 'rating', 'popularity'] as const;
const sortBy = z.enum(sorts);
const sortOrder = z.enum(['asc', 'desc']);
const query = line(200);

const isPriceRange = ({
  min_price: min = 0,
  max_price: max = Infinity,
}: {
  min_price?: number | undefined;
  max_price?: number | undefined;
}) => min <= max;
const emptyRange = { path: ['max_price'], error: 'must not be below min_price' };

export const productSearch = z
  .strictObject({
    ...pageFields,
    query: query.optional().describe('Words that must all occur; the last one may be unfinished'),
    category_id: id.optional().describe('The whole subtree'),
    min_price: money.optional().describe('On the effective price'),
    max_price: money.optional(),
    brand: line(100).optional().describe('Part of it, in any case'),
    is_featured: z.boolean().optional(),
    in_stock: z.boolean().optional(),
    min_rating: z.number().min(0).max(5).optional(),
    sort_by: sortBy.optional().describe('Default relevance with a query, else name'),
    sort_order: sortOrder.optional().describe('Default asc, but desc for relevance, rating and popularity'),
    facets: z.boolean().optional().describe('Exact counts by category, brand, price band and rating'),
  })
  .refine(isPriceRange, emptyRange)
  .meta({ id: 'ProductSearch', examples: [{ query: 'wireless headphones', max_price: 200, in_stock: true, page_size: 5, facets: true }] });
export type ProductSearch = z.output<typeof productSearch>;

const queryFields = z.object({
  ...pageParameters,
  query: query.optional().describe('Words that must all occur; the last one may be unfinished'),
  category_id: idParameter.optional().describe('The whole subtree'),
  min_price: numberParameter(0, mostMoney).optional().describe('On the effective price'),
  max_price: numberParameter(0, mostMoney).optional(),
  brand: line(100).optional().describe('Part of it, in any case'),
  is_featured: booleanParameter().optional(),
  in_stock: booleanParameter().optional(),
  min_rating: numberParameter(0, 5).optional(),
  sort_by: sortBy.optional().describe('Default relevance with a query, else name'),
  sort_order: sortOrder.optional().describe('Default asc, but desc for relevance, rating and popularity'),
  facets: booleanParameter().optional(),
});

export const productsQuery = queryFields.refine(isPriceRange, emptyRange);
export const categoryProductsQuery = queryFields.omit({ category_id: true }).refine(isPriceRange, emptyRange);

export const facets = z
  .object({
    category: z.array(z.object({ id: z.int(), name: z.string(), count: z.int() })),
    brand: z.array(z.object({ value: z.string(), count: z.int() })),
    price: z.array(z.object({ min: z.number(), max: z.number().nullable().describe('Not included; null: no end'), count: z.int() })),
    rating: z.array(z.object({ min: z.int(), count: z.int() })).describe('Products rated `min` or better'),
  })
  .meta({ id: 'Facets' });
export type Facets = z.infer<typeof facets>;

export const productsPage = z
  .object({
    products: z.array(productRow),
    pagination,
    facets: facets.optional(),
    corrected_query: z.string().optional().describe('What was searched for instead, when the words as typed found little'),
  })
  .meta({ id: 'ProductsPage' });
export type ProductsPage = z.infer<typeof productsPage>;

export const countedRow = productRow.extend({ order_count: z.int() }).meta({ id: 'CountedProductRow' });
export type CountedRow = z.infer<typeof countedRow>;
export const countedProducts = z.object({ products: z.array(countedRow) }).meta({ id: 'CountedProducts' });
export const limitQuery = z.object({ limit: integerParameter(1, 50).optional().describe('10 unless told') });

const notBlank = 'must not be blank';

const written = {
  name: line(200).regex(/\S/, notBlank),
  slug: slug.optional(),
  description: text(50_000).nullable().optional(),
  short_description: text(500).nullable().optional(),
  sku: line(50).regex(/\S/, notBlank),
  price: money,
  sale_price: money.nullable().optional(),
  // Below what the column holds, so that what cancelled orders return still fits.
  stock_quantity: z.int().min(0).max(1_000_000_000),
  category_id: id,
  brand: line(100).regex(/\S/, notBlank).nullable().optional(),
  weight: z.number().min(0).max(999_999.99).nullable().optional(),
  dimensions: line(50).nullable().optional(),
  image_url: imageUrl.nullable().optional(),
  is_featured: z.boolean().optional(),
  is_active: z.boolean().optional(),
  seller_id: id.nullable().optional().describe('For admins only'),
};

export const productCreation = z
  .strictObject(written)
  .meta({ id: 'ProductCreation', examples: [{ name: 'Acme Turntable', sku: 'AC-TT-1', price: 199, stock_quantity: 5, category_id: 12 }] });
export type ProductCreation = z.output<typeof productCreation>;

export const productChange = z
  .strictObject(written)
  .partial()
  .meta({ id: 'ProductChange', examples: [{ sale_price: 149, stock_quantity: 12 }] });
export type ProductChange = z.output<typeof productChange>;
