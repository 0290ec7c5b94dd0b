import type { Clock } from '@app/common';
import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { CLOCK, CONFIG } from '../../app.tokens.js';
import type { Config } from '../../config.js';
import { writeMail, type Mail } from '../../mail/mail.js';
import { MailService } from '../../mail/mail.service.js';
import type { User } from '../../users/users.dto.js';
import { oneTimeTokenInvalid } from '../auth.problems.js';
import { hashToken } from '../opaque-token.js';
import { isIssuedFor, newOneTimeToken, type Purpose } from './one-time-token.js';
import { OneTimeTokensRepository } from './one-time-tokens.repository.js';

type Addressee = Pick<User, 'id' | 'email' | 'first_name'>;

const hourMs = 3_600_000;

const letters = {
  verify_email: {
    path: 'verify-email',
    lifetimeMs: 48 * hourMs,
    subject: 'Confirm your e-mail address',
    request: 'please confirm within two days that this address is yours.',
    label: 'Confirm the address',
    otherwise: 'If you did not give us this address, ignore this mail.',
  },
  reset_password: {
    path: 'reset-password',
    lifetimeMs: hourMs,
    subject: 'Set a new password',
    request: 'you asked for a new password. Set it within an hour.',
    label: 'Set a new password',
    otherwise: 'If you did not ask for it, ignore this mail: your password stays as it is.',
  },
} as const satisfies Record<Purpose, unknown>;

/** One-time tokens, and the mails that carry them. Only a token's hash is stored; the newest one of a purpose is the good one. */
@Injectable()
export class AccountMails {
  constructor(
    private readonly tokens: OneTimeTokensRepository,
    private readonly mail: MailService,
    @Inject(CONFIG) private readonly config: Pick<Config, 'auth' | 'http'>,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Stores a token in the caller's transaction. The mail is to be sent once that has been committed. */
  async write(manager: EntityManager, user: Addressee, purpose: Purpose): Promise<Mail> {
    const token = newOneTimeToken(purpose, this.secrets[0] ?? '');
    const now = this.clock.now();
    const { path, lifetimeMs, subject, request, label, otherwise } = letters[purpose];
    const times = { now: new Date(now), expiresAt: new Date(now + lifetimeMs) };
    await this.tokens.issue(manager, { userId: user.id, purpose, hash: hashToken(token), ...times });
    const link = { label, url: `${this.baseUrl()}/${path}?token=${token}` };
    return writeMail({ to: user.email, subject, before: [`Hello ${user.first_name},`, request], link, after: [otherwise] });
  }

  /** Tells the old address that it is no longer the account's: whoever took the account over cannot do it in silence. */
  writeAddressChanged({ email, first_name }: Addressee): Mail {
    const news = 'the e-mail address of your TechMart account was changed. Mails will go to the new one.';
    const otherwise = 'If that was not you, write to us at once: somebody else may be using your account.';
    return writeMail({ to: email, subject: 'Your e-mail address was changed', before: [`Hello ${first_name},`, news], after: [otherwise] });
  }

  send(mail: Mail): void {
    this.mail.send(mail);
  }

  /** Writes and sends it beside the request. */
  sendLater(write: () => Promise<Mail | undefined>): void {
    this.mail.sendLater(write);
  }

  /** The user that the token was sent to. Throws 400 when it is unknown, used, expired or for another purpose. */
  async spend(manager: EntityManager, token: string, purpose: Purpose): Promise<number> {
    const userId = await this.tokens.spend(manager, hashToken(token), purpose, new Date(this.clock.now()));
    if (userId === undefined) throw oneTimeTokenInvalid();
    return userId;
  }

  /** Refuses what is no token of ours before anything is done on its account. */
  check(token: string, purpose: Purpose): void {
    if (!isIssuedFor(purpose, token, this.secrets)) throw oneTimeTokenInvalid();
  }

  revoke(manager: EntityManager, userId: number): Promise<void> {
    return this.tokens.revoke(manager, userId, new Date(this.clock.now()));
  }

  private get secrets(): string[] {
    return this.config.auth.jwtKeys.map(({ secret }) => secret);
  }

  private baseUrl(): string {
    const { publicUrl, port } = this.config.http;
    return publicUrl?.replace(/\/$/, '') ?? `http://localhost:${port}`;
  }
}
