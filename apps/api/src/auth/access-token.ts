import { webcrypto } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import type { Identity } from '../http/access.js';
import { tokenInvalid } from './auth.problems.js';

const issuer = 'techmart';
const audience = 'techmart-api';
const algorithm = 'HS256';

const claims = z.object({ sub: z.string().regex(/^\d{1,16}$/), role: z.enum(['customer', 'seller', 'admin']), sid: z.uuid() });

/**
 * Access tokens: JWTs signed with HMAC-SHA256 and nothing else. The first key signs and all verify, so that a key is replaced by
 * putting the new one first and dropping the old one a token's lifetime later.
 */
export class AccessTokens {
  /** Imported once: of a bare secret, jose imports the key at each use, which costs as much as the use. */
  private readonly keys: Map<string, Promise<webcrypto.CryptoKey>>;
  private readonly signingId: string;

  constructor(
    keys: readonly { readonly id: string; readonly secret: string }[],
    readonly lifetimeS: number,
  ) {
    this.keys = new Map(keys.map(({ id, secret }) => [id, importKey(secret)]));
    const [first] = keys;
    if (!first) throw new Error('there is no key to sign access tokens with');
    this.signingId = first.id;
  }

  async sign({ userId, role, sessionId }: Identity, nowMs: number): Promise<string> {
    const issuedAt = Math.floor(nowMs / 1000);
    return new SignJWT({ role, sid: sessionId })
      .setProtectedHeader({ alg: algorithm, kid: this.signingId, typ: 'JWT' })
      .setSubject(String(userId))
      .setIssuer(issuer)
      .setAudience(audience)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + this.lifetimeS)
      .sign(await this.key(this.signingId));
  }

  /** Throws the 401 problem for a token that is malformed, forged, expired or signed with an unknown key. */
  async verify(token: string, nowMs: number): Promise<Identity> {
    try {
      const { payload } = await jwtVerify(token, ({ kid }) => this.key(kid), {
        algorithms: [algorithm],
        issuer,
        audience,
        currentDate: new Date(nowMs),
        requiredClaims: ['exp', 'iat'],
      });
      const { sub, role, sid } = claims.parse(payload);
      return { userId: Number(sub), role, sessionId: sid };
    } catch (cause) {
      throw tokenInvalid(cause instanceof errors.JWTExpired ? 'the access token has expired' : 'the access token is not valid', cause);
    }
  }

  private key(id: string | undefined): Promise<webcrypto.CryptoKey> {
    const key = this.keys.get(id ?? '');
    if (!key) throw new Error('unknown key');
    return key;
  }
}

const importKey = (secret: string): Promise<webcrypto.CryptoKey> =>
  webcrypto.subtle.importKey('raw', Buffer.from(secret), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify']);
