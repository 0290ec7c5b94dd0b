import { Problem } from '@app/common';

export const invalidCursor = (): Problem => {
  const detail = 'not a cursor that this list gave out';
  return new Problem(400, 'invalid-input', 'The request is not valid', detail, { errors: [{ pointer: '/query/cursor', message: detail }] });
};

export const userNotFound = (id: number): Problem => new Problem(404, 'user-not-found', 'User not found', `there is no user ${id}`);

export const tagNotFound = (id: number): Problem => new Problem(404, 'tag-not-found', 'Tag not found', `there is no tag ${id}`);

export const postNotFound = (id: number): Problem => new Problem(404, 'post-not-found', 'Post not found', `there is no post ${id}`);
