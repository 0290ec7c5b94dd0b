import type { Clock } from '@app/common';
import { Inject, Injectable } from '@nestjs/common';
import { CLOCK } from '../app.tokens.js';
import { UsersService } from '../users/users.service.js';
import { AccessTokens } from './access-token.js';
import type { Login, Tokens } from './auth.dto.js';
import { credentialsWrong } from './auth.problems.js';
import { PasswordHasher } from './password-hash.js';
import { SessionsService, type ClientInfo, type OpenedSession } from './sessions.service.js';

/** Log-in, refresh, log-out. */
@Injectable()
export class AuthService {
  constructor(
    private readonly users: UsersService,
    private readonly sessions: SessionsService,
    private readonly passwords: PasswordHasher,
    private readonly tokens: AccessTokens,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Unknown address, wrong password and inactive account are one answer, and take one time. */
  async login({ email, password }: Login, client: ClientInfo): Promise<Tokens> {
    const found = await this.users.findCredentials({ email });
    const isMatch = await this.passwords.matches(found?.is_active ? found.password_hash : undefined, password);
    if (!found || !isMatch) throw credentialsWrong();
    const matched = found.password_hash;
    const renewed = this.passwords.isOutdated(matched) ? await this.passwords.hash(password) : undefined;
    return this.answer(await this.sessions.open(found.id, client, { matched, renewed }));
  }

  async refresh(refreshToken: string): Promise<Tokens> {
    return this.answer(await this.sessions.rotate(refreshToken));
  }

  logout(refreshToken: string): Promise<void> {
    return this.sessions.endByToken(refreshToken);
  }

  private async answer({ sessionId, refreshToken, user }: OpenedSession): Promise<Tokens> {
    const accessToken = await this.tokens.sign({ userId: user.id, role: user.user_type, sessionId }, this.clock.now());
    return {
      access_token: accessToken,
      refresh_token: refreshToken,
      token_type: 'Bearer',
      expires_in: this.tokens.lifetimeS,
      user,
    };
  }
}
