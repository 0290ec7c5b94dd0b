import { createHash, createHmac, randomBytes } from 'node:crypto';

/** What is stored of a token: never the token itself. A plain hash will do, since the token is random and long. */
export const hashToken = (token: string): Buffer => createHash('sha256').update(token).digest();

/** 256 random bits, in characters that need no escaping in links. */
export const randomToken = (): string => randomBytes(32).toString('base64url');

const refreshToken = /^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.([A-Za-z0-9_-]{43})$/;

/** A refresh token names its session, so that one spent long ago still finds the family that it must end. */
export const newRefreshToken = (sessionId: string): string => `${sessionId}.${randomToken()}`;

/** The session that a refresh token belongs to; undefined when it is not of our making. */
export const sessionOf = (token: string): string | undefined => refreshToken.exec(token)?.[1];

/**
 * The token that follows this one in its family. Derived, not random: whoever spends the same token twice within the grace gets one
 * successor, although only hashes are stored. Nobody can tell it without the secret.
 */
export const successorOf = (token: string, secret: string): string =>
  `${sessionOf(token)}.${createHmac('sha256', secret).update(`refresh:${token}`).digest('base64url')}`;
