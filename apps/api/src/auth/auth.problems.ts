import { Problem } from '@app/common';

/** RFC 6750 section 3: no error code where no token was sent. */
const challenge = (error?: string) => ({ 'www-authenticate': `Bearer realm="techmart"${error ? `, error="${error}"` : ''}` });

export const tokenMissing = (): Problem =>
  new Problem(401, 'token-required', 'An access token is required', 'send Authorization: Bearer with an access token', {
    headers: challenge(),
  });

export const tokenInvalid = (detail: string, cause?: unknown): Problem =>
  new Problem(401, 'token-invalid', 'The token is not valid', detail, { headers: challenge('invalid_token'), cause });

export const roleForbidden = (allowed: readonly string[]): Problem =>
  new Problem(403, 'role-forbidden', 'Your role may not do this', `this is for: ${allowed.join(', ')}`);

export const routeClosed = (): Problem => new Problem(403, 'route-closed', 'Nobody may call this', 'the route does not say who may');

export const credentialsWrong = (): Problem =>
  new Problem(401, 'credentials-wrong', 'E-mail or password is wrong', undefined, { headers: challenge() });

export const passwordNotConfirmed = (): Problem =>
  new Problem(403, 'password-not-confirmed', 'The current password is needed', 'a new e-mail or password takes current_password', {
    errors: [{ pointer: '/current_password', message: 'must be the current password' }],
  });

export const refreshTokenInvalid = (): Problem => {
  const detail = 'it is unknown, spent, expired or its session has ended; log in again';
  return new Problem(401, 'refresh-token-invalid', 'The refresh token is not valid', detail, { headers: challenge('invalid_token') });
};

export const oneTimeTokenInvalid = (): Problem =>
  new Problem(400, 'one-time-token-invalid', 'The token is not valid', 'it is unknown, used or expired; ask for a new one', {
    errors: [{ pointer: '/token', message: 'unknown, used or expired' }],
  });

export const sessionNotFound = (id: string): Problem =>
  new Problem(404, 'session-not-found', 'Session not found', `you have no session ${id}`);
