import { Problem } from '@app/common';

export const categoryNotFound = (id: number): Problem =>
  new Problem(404, 'category-not-found', 'Category not found', `there is no category ${id}`);

const taken = (field: 'name' | 'slug', message: string): Problem =>
  new Problem(409, `category-${field}-taken`, `The ${field} of the category is taken`, message, {
    errors: [{ pointer: `/${field}`, message: 'is taken' }],
  });

export const siblingNameTaken = (): Problem => taken('name', 'a category of the same parent has this name');
export const categorySlugTaken = (): Problem => taken('slug', 'another category has this slug');

export const categoryCycle = (id: number): Problem =>
  new Problem(409, 'category-cycle', 'A category cannot be below itself', `category ${id} cannot be moved into its own subtree`, {
    errors: [{ pointer: '/parent_id', message: 'lies in the subtree of this category' }],
  });

export const categoryInUse = (id: number, { products, children }: { products: number; children: number }): Problem =>
  new Problem(409, 'category-in-use', 'The category is in use', `category ${id} has ${products} products and ${children} children`, {
    extensions: { products, children },
  });
