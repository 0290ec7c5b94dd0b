import { Problem } from '@app/common';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose';
import type { Identity } from '../http/access.js';
import { AccessTokens } from './access-token.js';

const nowMs = Date.UTC(2026, 0, 31, 12);
const nowS = nowMs / 1000;
const [old, current] = [
  { id: 'old', secret: 'the key of last month, of 32 characters or more' },
  { id: 'new', secret: 'the key of this month, of 32 characters or more' },
];
const identity: Identity = { userId: 42, role: 'seller', sessionId: randomUUID() };
const tokens = new AccessTokens([current, old], 900);
const bytes = (secret: string): Uint8Array => new TextEncoder().encode(secret);
const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

const claims = {
  sub: '42',
  role: 'seller',
  sid: identity.sessionId,
  iss: 'techmart',
  aud: 'techmart-api',
  iat: nowS,
  exp: nowS + 900,
};
type Claims = Record<string, unknown>;

const forge = (given: Claims, header: { alg?: string; kid?: string } = {}, secret = current.secret): Promise<string> =>
  new SignJWT(given).setProtectedHeader({ alg: 'HS256', kid: 'new', ...header }).sign(bytes(secret));

const without = (name: keyof typeof claims): Claims => Object.fromEntries(Object.entries(claims).filter(([field]) => field !== name));

async function refusal(token: string, atMs = nowMs): Promise<Problem> {
  const failure = await tokens.verify(token, atMs).catch((error: unknown) => error);
  if (!(failure instanceof Problem)) throw new Error(`the token was not refused: ${JSON.stringify(failure)}`);
  return failure;
}

describe('a signed token', () => {
  it('gives back who it was made for', async () => {
    expect(await tokens.verify(await tokens.sign(identity, nowMs), nowMs)).toEqual(identity);
  });

  it('names issuer, audience, session, role and its times, and nothing of the person', async () => {
    expect(decodeJwt(await tokens.sign(identity, nowMs))).toEqual(claims);
  });

  it('lasts to the second for which it was made', async () => {
    const token = await tokens.sign(identity, nowMs);
    expect(await tokens.verify(token, nowMs + 899_999)).toEqual(identity);
    expect(await refusal(token, nowMs + 900_000)).toMatchObject({ status: 401, detail: 'the access token has expired' });
  });
});

describe('key rotation', () => {
  it('signs with the first key', async () => {
    expect(decodeProtectedHeader(await tokens.sign(identity, nowMs))).toEqual({ alg: 'HS256', kid: 'new', typ: 'JWT' });
  });

  it('takes what the key before it has signed', async () => {
    const before = await new AccessTokens([old], 900).sign(identity, nowMs);
    expect(await tokens.verify(before, nowMs)).toEqual(identity);
  });

  it('refuses what a dropped key has signed', async () => {
    const before = await new AccessTokens([{ ...old, id: 'dropped' }], 900).sign(identity, nowMs);
    expect(await refusal(before)).toMatchObject({ status: 401, code: 'token-invalid' });
  });

  it('does not start without a key', () => {
    expect(() => new AccessTokens([], 900)).toThrow('there is no key');
  });
});

describe('a token is refused', () => {
  it('when the same claims are taken unforged: the forgeries below differ in one thing each', async () => {
    expect(await tokens.verify(await forge(claims), nowMs)).toEqual(identity);
  });

  const keyPair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  it.each<[string, () => string | Promise<string>]>([
    ['claims no algorithm', () => `${base64({ alg: 'none', typ: 'JWT', kid: 'new' })}.${base64(claims)}.`],
    ['is of RS256', () => new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'new' }).sign(keyPair.privateKey)],
    ['is of HS512 with the right secret', () => forge(claims, { alg: 'HS512' })],
    ['is of another issuer', () => forge({ ...claims, iss: 'elsewhere' })],
    ['is for another audience', () => forge({ ...claims, aud: 'elsewhere' })],
    ['has another secret under a known key id', () => forge(claims, {}, old.secret)],
    ['names an unknown key', () => forge(claims, { kid: 'other' })],
    ['names no key', () => new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(bytes(current.secret))],
    ['never expires', () => forge(without('exp'))],
    ['does not say when it was made', () => forge(without('iat'))],
    ['has no session', () => forge(without('sid'))],
    ['has no issuer', () => forge(without('iss'))],
    ['has no audience', () => forge(without('aud'))],
    ['names a user that is no number', () => forge({ ...claims, sub: '42 OR 1=1' })],
    ['names a role that there is not', () => forge({ ...claims, role: 'king' })],
    ['is no token at all', () => 'nonsense'],
    ['is empty', () => ''],
  ])('that %s', async (_, token) => {
    expect(await refusal(await token())).toMatchObject({
      status: 401,
      code: 'token-invalid',
      headers: { 'www-authenticate': 'Bearer realm="techmart", error="invalid_token"' },
    });
  });

  it('whose claims were changed under the old signature', async () => {
    const [header, , signature] = (await tokens.sign(identity, nowMs)).split('.');
    expect(await refusal([header, base64({ ...claims, role: 'admin' }), signature].join('.'))).toMatchObject({ status: 401 });
  });

  it('with a detail that does not tell what was wrong with it', async () => {
    const details = [await refusal(await forge(claims, { kid: 'other' })), await refusal(await forge(claims, {}, old.secret))];
    expect(details.map(({ detail }) => detail)).toEqual(['the access token is not valid', 'the access token is not valid']);
  });
});
