import { cacheTags } from '../cache/cache-types.js';

interface Listed {
  readonly products: readonly { readonly id: number }[];
}

/** What ends a list for the sake of what stands in it. */
export const tagsOfProducts = ({ products }: Listed): string[] => products.map(({ id }) => cacheTags.listed(id));

/** What ends it for the sake of what does not stand in it, but may come in. Whatever is given for `in_stock` counts as given. */
export const tagsOfFilters = (filters: object): string[] =>
  'in_stock' in filters && filters.in_stock !== undefined ? [cacheTags.byStock] : [];

export const tagsOfList = (list: Listed, { query }: { readonly query: unknown }): string[] => [
  ...tagsOfProducts(list),
  ...tagsOfFilters(query as object),
];
