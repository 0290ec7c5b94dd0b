import { Problem } from '@app/common';

export const productNotFound = (id: number): Problem =>
  new Problem(404, 'product-not-found', 'Product not found', `there is no product ${id}`);

export const reviewNotFound = (id: number): Problem =>
  new Problem(404, 'review-not-found', 'Review not found', `there is no review ${id} for you`);

/** Names the first review, which its author may edit. It is missing if that one was deleted meanwhile. */
export const alreadyReviewed = (productId: number, reviewId: number | undefined): Problem =>
  new Problem(409, 'already-reviewed', 'You have already reviewed this product', `edit your review of product ${productId} instead`, {
    extensions: reviewId === undefined ? {} : { review_id: reviewId },
  });

export const invalidCursor = (): Problem => {
  const detail = 'not a cursor that this list gave out';
  return new Problem(400, 'invalid-input', 'The request is not valid', detail, { errors: [{ pointer: '/query/cursor', message: detail }] });
};
