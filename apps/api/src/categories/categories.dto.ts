import { z } from 'zod';
import { id, integerParameter, line, slug, text } from '../http/schema.js';

const name = line(100).regex(/\S/, 'must not be blank');
const productCount = z.int().min(0).describe('Active products of the category and of everything below it');

/** A category on the way from the root, the last one included. */
export const crumb = z.object({ id, name: z.string(), slug: z.string() }).meta({
  id: 'Crumb',
  examples: [{ id: 77, name: 'Headphones', slug: 'headphones' }],
});
export type Crumb = z.output<typeof crumb>;

const fields = { id, name: z.string(), slug: z.string(), parent_id: id.nullable(), product_count: productCount };

const categoryRow = z.object(fields).meta({ id: 'CategoryRow' });

export interface CategoryNode extends z.output<typeof categoryRow> {
  readonly children: CategoryNode[];
}
const categoryNode: z.ZodType<CategoryNode> = z.object({
  ...fields,
  get children() {
    return z.array(categoryNode);
  },
});
// Not by `meta()`, which gives another schema than the one that `children` names.
z.globalRegistry.add(categoryNode, {
  id: 'CategoryNode',
  examples: [{ id: 2, name: 'Audio', slug: 'audio', parent_id: null, product_count: 3120, children: [] }],
});

export const categoryTree = z.object({ categories: z.array(categoryNode) }).meta({ id: 'CategoryTree' });

export const category = z
  .object({ ...fields, description: z.string().nullable(), children: z.array(categoryRow), breadcrumbs: z.array(crumb) })
  .meta({
    id: 'Category',
    examples: [
      {
        id: 77,
        name: 'Headphones',
        slug: 'headphones',
        parent_id: 2,
        product_count: 840,
        description: null,
        children: [{ id: 78, name: 'Over-Ear Headphones', slug: 'over-ear-headphones', parent_id: 77, product_count: 310 }],
        breadcrumbs: [
          { id: 2, name: 'Audio', slug: 'audio' },
          { id: 77, name: 'Headphones', slug: 'headphones' },
        ],
      },
    ],
  });
export type Category = z.output<typeof category>;

export const treeQuery = z.object({
  depth: integerParameter(1, 20).optional().describe('How many levels of the tree to answer; all of them unless told'),
});
export type TreeQuery = z.output<typeof treeQuery>;

const writable = {
  name,
  slug: slug(100).describe('Made from the name when it is left out'),
  description: text(5000).nullable(),
  parent_id: id.nullable().describe('null: at the top'),
  sort_order: z.int().min(-1_000_000).max(1_000_000).describe('Place among the siblings; then by name'),
};

export const newCategory = z
  .strictObject(writable)
  .partial()
  .required({ name: true })
  .meta({ id: 'NewCategory', examples: [{ name: 'Headphones', parent_id: 2 }] });
export type NewCategory = z.output<typeof newCategory>;

export const categoryChange = z
  .strictObject(writable)
  .partial()
  .refine((change) => Object.keys(change).length > 0, 'name at least one field')
  .meta({ id: 'CategoryChange', minProperties: 1, examples: [{ name: 'Headphones & Earbuds' }] });
export type CategoryChange = z.output<typeof categoryChange>;
