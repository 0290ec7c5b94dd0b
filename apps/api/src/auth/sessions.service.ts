import { Cache, Cached, type EntryOptions } from '@app/cache';
import { cacheTags } from '../cache/cache-types.js';
import type { Clock } from '@app/common';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { CLOCK, CONFIG } from '../app.tokens.js';
import type { Config } from '../config.js';
import type { Identity, Role } from '../http/access.js';
import type { User } from '../users/users.dto.js';
import { credentialsWrong, refreshTokenInvalid, sessionNotFound } from './auth.problems.js';
import { hashToken, newRefreshToken, sessionOf, successorOf } from './opaque-token.js';
import { SessionsRepository, type AliveSession, type NewSession, type SessionRow } from './sessions.repository.js';

export interface ClientInfo {
  readonly userAgent: string | null;
  readonly ip: string | null;
}

export interface OpenedSession {
  readonly sessionId: string;
  readonly refreshToken: string;
  readonly user: User;
}

/** How long the token just spent still works, so that two tabs that refresh at once are not taken for a thief. */
const graceMs = 10_000;

type SessionOfUser = Pick<Identity, 'sessionId' | 'userId'>;

const keyOf = ({ sessionId, userId }: SessionOfUser): string => `${userId}:${sessionId}`;
const tagsOf = ({ sessionId, userId }: SessionOfUser): string[] => [cacheTags.session(sessionId), cacheTags.user(userId)];

/** A log-in and its family of refresh tokens, of which one is current. */
@Injectable()
export class SessionsService {
  private readonly logger = new Logger('Sessions');

  constructor(
    private readonly sessions: SessionsRepository,
    private readonly cache: Cache,
    @Inject(CONFIG) private readonly config: Pick<Config, 'auth'>,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Throws the 401 of a wrong password when the account or its password is another one than was checked. */
  async open(userId: number, client: ClientInfo, checked: Pick<NewSession, 'matched' | 'renewed'> = {}): Promise<OpenedSession> {
    const sessionId = randomUUID();
    const refreshToken = newRefreshToken(sessionId);
    const now = this.now();
    const session = { id: sessionId, userId, tokenHash: hashToken(refreshToken), ...client, now, expiresAt: this.expiry(now), ...checked };
    const user = await this.cacheUserSession(userId, session);
    if (!user) throw credentialsWrong();
    return { sessionId, refreshToken, user };
  }

  /** Opens it and gives it to all replicas, unless it or its user has been touched meanwhile: then each asks the database. */
  private async cacheUserSession(userId: number, session: NewSession): Promise<User | undefined> {
    let user: User | undefined;
    const identity = { sessionId: session.id, userId };
    const write = async (): Promise<AliveSession | undefined> => {
      user = await this.sessions.open(session);
      return user?.is_active ? { role: user.user_type, expiresAt: session.expiresAt.getTime() } : undefined;
    };
    await this.cache.write('session', keyOf(identity), write, this.lifeOf(identity));
    return user;
  }

  /**
   * Spends a refresh token for its successor. Spending one a second time within ten seconds, while the successor is unused, gives the
   * very same successor; later, or once the successor was used, somebody else has the token too: the whole family ends.
   */
  async rotate(token: string): Promise<OpenedSession> {
    const sessionId = sessionOf(token);
    if (sessionId === undefined) throw refreshTokenInvalid();
    const now = this.now();
    const refreshToken = successorOf(token, this.secrets[0] ?? '');
    const [spent, next] = [hashToken(token), hashToken(refreshToken)];
    const user = await this.sessions.rotate({ id: sessionId, spent, next, now, expiresAt: this.expiry(now) });
    if (user) return { sessionId, refreshToken, user };
    const again = await this.repeat(token, sessionId, now);
    if (again) return again;
    if (await this.sessions.end(sessionId, now))
      this.logger.warn({ session_id: sessionId }, 'a refresh token was refused: its session has ended');
    throw refreshTokenInvalid();
  }

  /** The role as it is now; undefined when the session has ended or its user was deactivated. */
  @Cached({ type: 'user_permissions', key: (identity: Identity) => keyOf(identity), tags: (identity) => tagsOf(identity) })
  async findRole(identity: Identity): Promise<Role | undefined> {
    const { sessionId, userId } = identity;
    const load = () => this.sessions.findAlive(sessionId, userId, this.now());
    const session = await this.cache.getOrLoad('session', keyOf(identity), load, this.lifeOf(identity));
    return session && session.expiresAt > this.clock.now() ? session.role : undefined;
  }

  list(userId: number): Promise<SessionRow[]> {
    return this.sessions.list(userId, this.now());
  }

  /** Ends the session of a refresh token, whatever its state; a token that is none of ours ends nothing. */
  async endByToken(token: string): Promise<void> {
    const sessionId = sessionOf(token);
    if (sessionId !== undefined) await this.sessions.end(sessionId, this.now());
  }

  async endOne(userId: number, sessionId: string): Promise<void> {
    if (!(await this.sessions.endOne(userId, sessionId, this.now()))) throw sessionNotFound(sessionId);
  }

  /** Ends all sessions of a user, or all but one, in the caller's transaction. */
  endAll(manager: EntityManager, userId: number, exceptSessionId?: string): Promise<void> {
    return this.sessions.endAll(manager, userId, this.now(), exceptSessionId);
  }

  endOthers(userId: number, sessionId: string): Promise<void> {
    return this.sessions.endOthers(userId, sessionId, this.now());
  }

  // The successor was made by a process that may have had another newest key: keys are replaced while tokens are refreshed.
  private async repeat(token: string, sessionId: string, now: Date): Promise<OpenedSession | undefined> {
    const found = await this.sessions.findRotated(sessionId, hashToken(token), new Date(now.getTime() - graceMs));
    const candidates = this.secrets.map((secret) => successorOf(token, secret));
    const refreshToken = candidates.find((candidate) => found?.current.equals(hashToken(candidate)));
    return found && refreshToken !== undefined ? { sessionId, refreshToken, user: found.user } : undefined;
  }

  /** Half an hour, or what is left of the session. */
  private lifeOf(identity: SessionOfUser): EntryOptions {
    const leftOf = (session: AliveSession | undefined): number =>
      ((session?.expiresAt ?? Number.POSITIVE_INFINITY) - this.clock.now()) / 1000;
    const ttl = (session: unknown): number => Math.min(1800, leftOf(session as AliveSession | undefined));
    return { tags: tagsOf(identity), ttl };
  }

  private get secrets(): string[] {
    return this.config.auth.jwtKeys.map(({ secret }) => secret);
  }

  private now(): Date {
    return new Date(this.clock.now());
  }

  private expiry(now: Date): Date {
    return new Date(now.getTime() + this.config.auth.refreshTokenTtlS * 1000);
  }
}
