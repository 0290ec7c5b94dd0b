import type { Clock, Problem } from '@app/common';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { decodeJwt } from 'jose';
import { LRUCache } from 'lru-cache';
import { CLOCK } from '../app.tokens.js';
import type { Identity } from '../http/access.js';
import { AccessTokens } from './access-token.js';
import { tokenInvalid, tokenMissing } from './auth.problems.js';

/** What a request's token proves: who calls, or why it proves nothing. Whether the session still lives is another question. */
export type Caller = KnownCaller | { readonly refusal: () => Problem };

interface KnownCaller {
  readonly identity: Identity;
  /** The user as the limiter counts one. */
  readonly key: string;
  readonly expiresAtMs: number;
  /** When it was last marked as used. */
  usedAtMs: number;
}

declare module 'fastify' {
  interface FastifyRequest {
    caller?: Caller | Promise<Caller>;
  }
}

/** What is read of a request, and where its caller is kept for whoever asks next. */
type CalledRequest = Pick<FastifyRequest, 'headers' | 'caller'>;

const bearer = /^Bearer +([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*)$/i;

const REMEMBERED = 10_000;
/** To mark a token as used writes to several places far apart in memory, so it is done this seldom. */
const MARKED_EVERY_MS = 5000;
const nobody: Caller = { refusal: tokenMissing };

/**
 * Reads tokens for all who need to know the caller: the limiter first, then the guard. Each request's token is verified once, and one
 * that was verified lately not at all until it expires: the same bytes prove the same again.
 */
@Injectable()
export class Callers {
  private readonly verified = new LRUCache<string, KnownCaller>({ max: REMEMBERED });

  constructor(
    private readonly tokens: AccessTokens,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** At once where nothing is to be verified. Never throws. */
  of(request: CalledRequest): Caller | Promise<Caller> {
    return (request.caller ??= this.read(request.headers.authorization));
  }

  /** The user whom a valid token names. */
  keyOf(request: CalledRequest): string | undefined | Promise<string | undefined> {
    const caller = this.of(request);
    return caller instanceof Promise ? caller.then(keyOf) : keyOf(caller);
  }

  private read(header: string | undefined): Caller | Promise<Caller> {
    if (header === undefined) return nobody;
    const known = this.verified.peek(header);
    const now = this.clock.now();
    if (!known || now >= known.expiresAtMs) return this.verify(header);
    if (now - known.usedAtMs >= MARKED_EVERY_MS) {
      known.usedAtMs = now;
      this.verified.get(header);
    }
    return known;
  }

  private async verify(header: string): Promise<Caller> {
    const token = bearer.exec(header)?.[1];
    if (token === undefined) return { refusal: () => tokenInvalid('the Authorization header holds no bearer token') };
    try {
      const now = this.clock.now();
      const identity = await this.tokens.verify(token, now);
      const caller = { identity, key: `user:${identity.userId}`, expiresAtMs: (decodeJwt(token).exp ?? 0) * 1000, usedAtMs: now };
      this.verified.set(header, caller);
      return caller;
    } catch (problem) {
      // `verify` throws the problem of a bad token; the limiter counts its sender by address, the guard throws it.
      return { refusal: () => problem as Problem };
    }
  }
}

const keyOf = (caller: Caller): string | undefined => ('key' in caller ? caller.key : undefined);
