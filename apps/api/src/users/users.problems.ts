import { Problem } from '@app/common';

export const userNotFound = (id: number): Problem => new Problem(404, 'user-not-found', 'User not found', `there is no user ${id}`);

const taken = (field: 'email' | 'username') =>
  new Problem(409, `${field}-taken`, `This ${field === 'email' ? 'e-mail address' : 'username'} is taken`, undefined, {
    errors: [{ pointer: `/${field}`, message: 'is taken' }],
  });

export const emailTaken = (): Problem => taken('email');
export const usernameTaken = (): Problem => taken('username');

export const versionStale = (): Problem =>
  new Problem(412, 'version-stale', 'Somebody changed it meanwhile', 'read it again, and send its version as If-Match');

export const lastAdmin = (): Problem => new Problem(409, 'last-admin', 'This is the last admin', 'make somebody else an admin first');

export const invalidCursor = (): Problem => {
  const detail = 'not a cursor that this list gave out';
  return new Problem(400, 'invalid-input', 'The request is not valid', detail, { errors: [{ pointer: '/query/cursor', message: detail }] });
};
