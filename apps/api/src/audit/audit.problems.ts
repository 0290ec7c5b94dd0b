import { Problem } from '@app/common';

export const invalidCursor = (): Problem => {
  const detail = 'not a cursor that this list gave out';
  return new Problem(400, 'invalid-input', 'The request is not valid', detail, { errors: [{ pointer: '/query/cursor', message: detail }] });
};
