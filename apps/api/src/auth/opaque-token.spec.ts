import { randomUUID } from 'node:crypto';
import { hashToken, newRefreshToken, randomToken, sessionOf, successorOf } from './opaque-token.js';

const secret = 'a secret for tests only, long enough to be taken';
const sessionId = randomUUID();

describe('randomToken', () => {
  it('holds 256 bits, in characters that a link takes as they are', () => {
    const token = randomToken();
    expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(Buffer.from(token, 'base64url')).toHaveLength(32);
  });

  it('is never the same twice', () => {
    expect(new Set(Array.from({ length: 1000 }, randomToken)).size).toBe(1000);
  });
});

describe('hashToken', () => {
  it('is the SHA-256 of the token: 32 bytes, the same each time, without the token in them', () => {
    expect(hashToken('abc').toString('hex')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(hashToken('abd')).not.toEqual(hashToken('abc'));
  });
});

describe('a refresh token', () => {
  it('names its session', () => {
    expect(sessionOf(newRefreshToken(sessionId))).toBe(sessionId);
  });

  it.each([
    ['nothing', ''],
    ['a session alone', sessionId],
    ['a random part alone', randomToken()],
    ['a session in capitals', newRefreshToken(sessionId).toUpperCase()],
    ['a random part that is too short', `${sessionId}.${'A'.repeat(42)}`],
    ['a random part that is too long', `${sessionId}.${'A'.repeat(44)}`],
    ['something behind it', `${newRefreshToken(sessionId)} `],
    ['something before it', `x${newRefreshToken(sessionId)}`],
    ['another line', `${newRefreshToken(sessionId)}\n`],
    ['characters of another alphabet', `${sessionId}.${'+'.repeat(43)}`],
  ])('is not recognised in %s', (_, token) => {
    expect(sessionOf(token)).toBeUndefined();
  });
});

describe('successorOf', () => {
  const token = newRefreshToken(sessionId);

  it('is the same for the same token and secret, so that two tabs at once get one', () => {
    expect(successorOf(token, secret)).toBe(successorOf(token, secret));
  });

  it('is a refresh token of the same session, other than the one it follows', () => {
    const next = successorOf(token, secret);
    expect(sessionOf(next)).toBe(sessionId);
    expect(next).not.toBe(token);
  });

  it('cannot be told without the secret, nor from another token of the session', () => {
    const others = [successorOf(token, `${secret}!`), successorOf(newRefreshToken(sessionId), secret), `${sessionId}.${randomToken()}`];
    expect(others).not.toContain(successorOf(token, secret));
  });

  it('never comes round: a family has no token twice', () => {
    const family = [token];
    for (let step = 0; step < 100; step += 1) family.push(successorOf(family.at(-1) ?? '', secret));
    expect(new Set(family).size).toBe(101);
  });
});
