import { Body, Controller, Post, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { RateLimit } from '@app/rate-limit';
import type { FastifyRequest } from 'fastify';
import { Public } from '../http/access.js';
import { ApiDoc } from '../http/api-doc.js';
import { registration, user, type Registration } from '../users/users.dto.js';
import { AccountsService } from './accounts/accounts.service.js';
import { emailVerification, login, passwordForgotten, passwordReset, refresh, tokens, type Login, type PasswordReset } from './auth.dto.js';
import { AuthService } from './auth.service.js';
import type { ClientInfo } from './sessions.service.js';

const clientOf = (request: FastifyRequest): ClientInfo => ({
  userAgent: request.headers['user-agent']?.slice(0, 400) ?? null,
  ip: request.ip,
});

/** The account that a log-in names, known or not; its letters' case makes no other account. */
const accountOf = ({ body }: { readonly body?: unknown }): string | undefined => {
  const email: unknown = typeof body === 'object' && body !== null && 'email' in body ? body.email : undefined;
  return typeof email === 'string' ? email.toLowerCase() : undefined;
};

@ApiTags('auth')
@Controller('auth')
export class AuthController {
  constructor(
    private readonly auth: AuthService,
    private readonly accounts: AccountsService,
  ) {}

  @Post('register')
  @Public()
  @ApiDoc({
    summary: 'Open an account',
    description: 'As a customer. A mail asks to confirm the address.',
    answer: user,
    status: 201,
    problems: [409],
  })
  register(@Body({ schema: registration }) body: Registration) {
    return this.accounts.register(body);
  }

  @Post('login')
  @Public()
  @RateLimit({ alsoBy: { name: 'account', of: accountOf } })
  @ApiDoc({ summary: 'Log in', answer: tokens, problems: [401] })
  login(@Body({ schema: login }) body: Login, @Req() request: FastifyRequest) {
    return this.auth.login(body, clientOf(request));
  }

  @Post('refresh')
  @Public()
  @ApiDoc({
    summary: 'Next access and refresh token',
    description:
      'A refresh token is good once. Using a spent one again ends its session, except within 10 s while its successor is unused.',
    answer: tokens,
    problems: [401],
  })
  refresh(@Body({ schema: refresh }) body: { refresh_token: string }) {
    return this.auth.refresh(body.refresh_token);
  }

  @Post('logout')
  @Public()
  @ApiDoc({ summary: 'End the session of a refresh token', description: 'Also when it has ended already.' })
  logout(@Body({ schema: refresh }) body: { refresh_token: string }): Promise<void> {
    return this.auth.logout(body.refresh_token);
  }

  @Post('verify-email')
  @Public()
  @ApiDoc({ summary: 'Confirm an e-mail address', description: 'With the token that was mailed.' })
  verifyEmail(@Body({ schema: emailVerification }) body: { token: string }): Promise<void> {
    return this.accounts.verifyEmail(body.token);
  }

  @Post('forgot-password')
  @Public()
  @ApiDoc({
    summary: 'Ask for a new password',
    description: 'Answers alike, in time too, whether or not the address is known.',
    status: 202,
  })
  forgotPassword(@Body({ schema: passwordForgotten }) body: { email: string }): void {
    this.accounts.sendReset(body.email);
  }

  @Post('reset-password')
  @Public()
  @ApiDoc({ summary: 'Set a new password', description: 'With the token that was mailed. Ends every session of the account.' })
  resetPassword(@Body({ schema: passwordReset }) body: PasswordReset): Promise<void> {
    return this.accounts.resetPassword(body);
  }
}
