import { Problem } from '@app/common';

export const commentNotFound = (id: number): Problem =>
  new Problem(404, 'comment-not-found', 'Comment not found', `there is no comment ${id}`);

export const commentNotYours = (id: number): Problem =>
  new Problem(404, 'comment-not-found', 'Comment not found', `there is no comment ${id} that you may change`);
