import { Module } from '@nestjs/common';
import { CONFIG } from '../app.tokens.js';
import type { Config } from '../config.js';
import { MailModule } from '../mail/mail.module.js';
import { UsersModule } from '../users/users.module.js';
import { AccessTokens } from './access-token.js';
import { AccountMails } from './accounts/account-mails.js';
import { AccountsService } from './accounts/accounts.service.js';
import { AuthController } from './auth.controller.js';
import { AuthGuard } from './auth.guard.js';
import { AuthService } from './auth.service.js';
import { Callers } from './callers.js';
import { OneTimeTokensRepository } from './accounts/one-time-tokens.repository.js';
import { PasswordHasher } from './password-hash.js';
import { ProfileController } from './accounts/profile.controller.js';
import { SessionsRepository } from './sessions.repository.js';
import { SessionsService } from './sessions.service.js';
import { AdministrationController } from './accounts/administration.controller.js';

const hasher = {
  provide: PasswordHasher,
  inject: [CONFIG],
  useFactory: ({ auth }: Config) => PasswordHasher.create(auth),
};
const tokens = {
  provide: AccessTokens,
  inject: [CONFIG],
  useFactory: ({ auth }: Config) => new AccessTokens(auth.jwtKeys, auth.accessTokenTtlS),
};

@Module({
  imports: [UsersModule, MailModule],
  // The profile before the administration: users/profile is no user's id.
  controllers: [AuthController, ProfileController, AdministrationController],
  providers: [
    AuthService,
    AccountsService,
    AccountMails,
    SessionsService,
    SessionsRepository,
    OneTimeTokensRepository,
    AuthGuard,
    Callers,
    hasher,
    tokens,
  ],
  exports: [AuthGuard, AccessTokens, Callers, SessionsService],
})
export class AuthModule {}
