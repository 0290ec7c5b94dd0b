import { inTransaction } from '@app/database';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import type { Identity } from '../../http/access.js';
import type { Mail } from '../../mail/mail.js';
import type { Credentials } from '../../users/user-row.js';
import type { ProfileChange, Registration, User, UserChange, UserCreation } from '../../users/users.dto.js';
import { UsersService } from '../../users/users.service.js';
import type { PasswordReset } from '../auth.dto.js';
import { passwordNotConfirmed } from '../auth.problems.js';
import { PasswordHasher } from '../password-hash.js';
import { SessionsService } from '../sessions.service.js';
import { AccountMails } from './account-mails.js';

interface Outcome<T> {
  readonly answer: T;
  readonly mails: readonly Mail[];
}

/** The life of an account: made, confirmed, changed, its password replaced. */
@Injectable()
export class AccountsService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly users: UsersService,
    private readonly sessions: SessionsService,
    private readonly passwords: PasswordHasher,
    private readonly mails: AccountMails,
  ) {}

  async register({ password, phone, ...names }: Registration): Promise<User> {
    const passwordHash = await this.passwords.hash(password);
    return this.mailing(async (manager) => {
      const customer = { user_type: 'customer', is_active: true, is_verified: false } as const;
      const user = await this.users.insert(manager, { ...names, phone: phone ?? null, passwordHash, ...customer });
      return { answer: user, mails: [await this.mails.write(manager, user, 'verify_email')] };
    });
  }

  async create(actorId: number, creation: UserCreation): Promise<User> {
    const { password, phone, user_type = 'customer', is_active = true, is_verified = false, ...names } = creation;
    const passwordHash = await this.passwords.hash(password);
    return this.users.create(actorId, { ...names, phone: phone ?? null, user_type, is_active, is_verified, passwordHash });
  }

  async verifyEmail(token: string): Promise<void> {
    this.mails.check(token, 'verify_email');
    await inTransaction(this.dataSource, async (manager) => {
      const userId = await this.mails.spend(manager, token, 'verify_email');
      await this.users.changeOwn(manager, userId, { is_verified: true });
    });
  }

  /** All of it beside the request: whether the address is known shows neither in the answer nor in its time. */
  sendReset(email: string): void {
    this.mails.sendLater(async () => {
      const user = await this.users.findCredentials({ email });
      return user?.is_active ? this.mails.write(this.dataSource.manager, user, 'reset_password') : undefined;
    });
  }

  /**
   * A token is spent with the password it sets, or not at all. Every session ends: whoever had the old password is out. Having received
   * the token proves the address as well.
   */
  async resetPassword({ token, password }: PasswordReset): Promise<void> {
    this.mails.check(token, 'reset_password');
    const passwordHash = await this.passwords.hash(password);
    await inTransaction(this.dataSource, async (manager) => {
      const userId = await this.mails.spend(manager, token, 'reset_password');
      await this.users.changeOwn(manager, userId, { password_hash: passwordHash, is_verified: true });
      await this.mails.revoke(manager, userId);
      await this.sessions.endAll(manager, userId);
    });
  }

  /** What gives access, the address and the password, takes the password to change: a stolen access token is not enough. */
  async changeProfile(own: Identity, change: ProfileChange, version?: number): Promise<User> {
    const { password, current_password: current, ...fields } = change;
    if (fields.email === undefined && password === undefined) {
      return this.users.changeOwn(this.dataSource.manager, own.userId, fields, version);
    }
    const before = await this.confirm(own.userId, current);
    const isMoving = fields.email !== undefined && fields.email !== before.email;
    const passwordHash = password === undefined ? undefined : await this.passwords.hash(password);
    return this.mailing(async (manager) => {
      const changes = { ...fields, password_hash: passwordHash, is_verified: isMoving ? false : undefined };
      const user = await this.users.changeOwn(manager, own.userId, changes, version);
      await this.mails.revoke(manager, user.id);
      if (passwordHash !== undefined) await this.sessions.endAll(manager, user.id, own.sessionId);
      return { answer: user, mails: isMoving ? await this.tellMove(manager, before, user) : [] };
    });
  }

  /** An admin's change. Deactivating ends every session with it. */
  change(admin: Identity, id: number, changes: UserChange, version?: number): Promise<User> {
    return this.mailing(async (manager) => {
      const { before, after } = await this.users.change(manager, admin, id, { ...changes, version });
      if (before.is_active && !after.is_active) await this.sessions.endAll(manager, id);
      if (before.email === after.email) return { answer: after, mails: [] };
      await this.mails.revoke(manager, id);
      return { answer: after, mails: await this.tellMove(manager, before, after) };
    });
  }

  private async confirm(id: number, password: string | undefined): Promise<Credentials> {
    const found = await this.users.findCredentials({ id });
    if (!found || password === undefined || !(await this.passwords.matches(found.password_hash, password))) throw passwordNotConfirmed();
    return found;
  }

  private async tellMove(manager: EntityManager, before: User, after: User): Promise<Mail[]> {
    const news = this.mails.writeAddressChanged(before);
    return after.is_verified ? [news] : [news, await this.mails.write(manager, after, 'verify_email')];
  }

  /** Mails leave once what they speak of has been committed. */
  private async mailing<T>(work: (manager: EntityManager) => Promise<Outcome<T>>): Promise<T> {
    const { answer, mails } = await inTransaction(this.dataSource, work);
    for (const mail of mails) this.mails.send(mail);
    return answer;
  }
}
