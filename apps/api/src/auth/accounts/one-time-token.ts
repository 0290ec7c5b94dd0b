import { createHmac, timingSafeEqual } from 'node:crypto';
import { randomToken } from '../opaque-token.js';

export type Purpose = 'verify_email' | 'reset_password';

const signature = (secret: string, purpose: Purpose, random: string): Buffer =>
  createHmac('sha256', secret).update(`one-time:${purpose}:${random}`).digest();

/** A random token with a signature over it and its purpose: what was not issued for it is refused without asking the database. */
export function newOneTimeToken(purpose: Purpose, secret: string): string {
  const random = randomToken();
  return `${random}.${signature(secret, purpose, random).toString('base64url')}`;
}

/** Whether one of the secrets signed the token for this purpose. That it is unused and in time, only the database knows. */
export function isIssuedFor(purpose: Purpose, token: string, secrets: readonly string[]): boolean {
  const [random = '', given = '', ...rest] = token.split('.');
  const presented = Buffer.from(given, 'base64url');
  const matches = (secret: string): boolean => {
    const expected = signature(secret, purpose, random);
    return expected.length === presented.length && timingSafeEqual(expected, presented);
  };
  return rest.length === 0 && secrets.some(matches);
}
