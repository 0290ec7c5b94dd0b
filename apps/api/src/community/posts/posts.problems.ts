import { Problem, type ProblemItem } from '@app/common';

export const postNotYours = (id: number): Problem =>
  new Problem(404, 'post-not-found', 'Post not found', `there is no post ${id} that you may change`);

/** Points at each tag and product that a post names and that is not there. */
export function unknownReferences(
  body: { readonly tags?: readonly string[] | undefined; readonly product_ids?: readonly number[] | undefined },
  unknown: { readonly tags: readonly string[]; readonly products: readonly number[] },
): Problem {
  const errors: ProblemItem[] = [
    ...unknown.tags.map((slug) => ({ pointer: `/tags/${body.tags?.indexOf(slug)}`, message: `there is no tag ${slug}` })),
    ...unknown.products.map((id) => ({
      pointer: `/product_ids/${body.product_ids?.indexOf(id)}`,
      message: `there is no product ${id} on sale`,
    })),
  ];
  return new Problem(400, 'invalid-input', 'The request is not valid', errors.map(({ message }) => message).join('; '), { errors });
}
