import { Cached } from '@app/cache';
import { cacheTags } from '../cache/cache-types.js';
import { inTransaction } from '@app/database';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import { z } from 'zod';
import { AuditService } from '../audit/audit.service.js';
import type { Identity } from '../http/access.js';
import { paginate, pageWindow } from '../http/page.js';
import { id as anId } from '../http/schema.js';
import { PersonalDataRepository } from './personal-data.repository.js';
import type { Credentials, NewUser, UserChanges } from './user-row.js';
import type { Profile, User, UserChange, UsersPage, UsersQuery, UserStats } from './users.dto.js';
import { UsersListRepository } from './users-list.repository.js';
import { invalidCursor, lastAdmin, userNotFound, versionStale } from './users.problems.js';
import { UsersRepository } from './users.repository.js';

const kind = 'users';
const cursorKey = z.tuple([anId]);

type VersionedChange = UserChange & { readonly version?: number | undefined };

@Injectable()
export class UsersService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly users: UsersRepository,
    private readonly lists: UsersListRepository,
    private readonly personalData: PersonalDataRepository,
    private readonly audit: AuditService,
  ) {}

  async get(id: number): Promise<User> {
    const user = await this.users.find(id);
    if (!user) throw userNotFound(id);
    return user;
  }

  @Cached({ type: 'user_profile', tags: (id: number) => [cacheTags.user(id), cacheTags.profile(id)] })
  async getProfile(id: number): Promise<Profile> {
    const profile = await this.users.findProfile(id);
    if (!profile) throw userNotFound(id);
    return profile;
  }

  async getStats(id: number): Promise<UserStats> {
    const stats = await this.users.findStats(id);
    if (!stats) throw userNotFound(id);
    return stats;
  }

  findCredentials(by: { readonly id: number } | { readonly email: string }): Promise<Credentials | undefined> {
    return this.users.findCredentials(by);
  }

  async list(query: UsersQuery): Promise<UsersPage> {
    const window = pageWindow(query, kind);
    const after = window.after && cursorKey.safeParse(window.after);
    if (after && !after.success) throw invalidCursor();
    const { limit, offset } = window;
    const { users, total } = await this.lists.list(query, { limit, offset, afterId: after?.data[0] ?? null });
    const { rows, pagination } = paginate(users, window, { count: total }, { kind, key: (row) => [row.id] });
    return { users: [...rows], pagination };
  }

  insert(manager: EntityManager, given: NewUser): Promise<User> {
    return this.users.create(manager, given);
  }

  /** An account that an admin opens for somebody. */
  create(actorId: number, given: NewUser): Promise<User> {
    return inTransaction(this.dataSource, async (manager) => {
      const user = await this.users.create(manager, given);
      const { passwordHash: _, ...changes } = given;
      await this.audit.record(manager, { actorId, action: 'user.create', entityType: 'user', entityId: user.id, changes });
      return user;
    });
  }

  /** The caller's own change. A given version that is not the present one changes nothing. */
  async changeOwn(manager: EntityManager, id: number, changes: UserChanges, version?: number): Promise<User> {
    const user = await this.users.update(manager, id, changes, version);
    if (!user) throw versionStale();
    return user;
  }

  /**
   * An admin's change, in the caller's transaction, and what the account was before. The last active admin stays one. What changes
   * nothing leaves no trace: neither a version nor an entry in the log.
   */
  async change(manager: EntityManager, { userId }: Identity, id: number, { version, ...changes }: VersionedChange) {
    const isLeaving = changes.is_active === false || (changes.user_type !== undefined && changes.user_type !== 'admin');
    const hasOtherAdmin = !isLeaving || (await this.users.hasOtherAdmin(manager, id));
    const before = await this.users.findForUpdate(manager, id);
    if (!before) throw userNotFound(id);
    if (version !== undefined && version !== before.version) throw versionStale();
    if (!hasOtherAdmin && before.user_type === 'admin' && before.is_active) throw lastAdmin();
    const full = isMoved(before, changes) ? { is_verified: false, ...changes } : changes;
    const made = differences(before, full);
    if (Object.keys(made).length === 0) return { before, after: before };
    const after = await this.users.update(manager, id, full);
    if (!after) throw userNotFound(id);
    await this.audit.record(manager, { actorId: userId, action: 'user.update', entityType: 'user', entityId: id, changes: made });
    return { before, after };
  }

  /** Personal data goes, orders stay without it. Nothing brings it back. */
  async erase({ userId, role }: Identity): Promise<void> {
    await inTransaction(this.dataSource, async (manager) => {
      if (role === 'admin' && !(await this.users.hasOtherAdmin(manager, userId))) throw lastAdmin();
      await this.personalData.erase(manager, userId);
      await this.audit.record(manager, { actorId: userId, action: 'user.erase', entityType: 'user', entityId: userId });
    });
  }

  async export(id: number): Promise<Record<string, unknown>> {
    const { profile, lists, truncated } = await this.personalData.read(id);
    if (!profile) throw userNotFound(id);
    return { exported_at: new Date(), profile, truncated, ...lists };
  }
}

/** Another address is not verified, unless the one who sets it says so. */
const isMoved = (before: User, { email }: UserChange): boolean => email !== undefined && email !== before.email;

/** The fields that a change would really change, each with what it was and what it becomes. */
function differences(before: User, changes: UserChange): Record<string, { from: unknown; to: unknown }> {
  const present: Readonly<Record<string, unknown>> = before;
  const made = Object.entries(changes).filter(([field, value]) => value !== undefined && value !== present[field]);
  return Object.fromEntries(made.map(([field, value]) => [field, { from: present[field], to: value }]));
}
