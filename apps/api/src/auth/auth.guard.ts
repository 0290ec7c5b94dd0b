import { currentRequest, type Clock } from '@app/common';
import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { CLOCK } from '../app.tokens.js';
import { ACCESS, type Identity, type Role } from '../http/access.js';
import { AccessTokens } from './access-token.js';
import { roleForbidden, routeClosed, tokenInvalid, tokenMissing } from './auth.problems.js';
import { SessionsService } from './sessions.service.js';

const bearer = /^Bearer +([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*)$/i;

/**
 * Closed unless a route says otherwise. The token proves who calls; the database says whether the session still lives and which role
 * the user has now, so that a log-out, a ban or a demotion counts at once.
 */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly tokens: AccessTokens,
    private readonly sessions: SessionsService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const allowed = this.reflector.getAllAndOverride<readonly Role[] | undefined>(ACCESS, [context.getHandler(), context.getClass()]);
    if (!allowed) throw routeClosed();
    if (allowed.length === 0) return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const identity = await this.identify(request.headers.authorization);
    if (!allowed.includes(identity.role)) throw roleForbidden(allowed);
    request.identity = identity;
    const current = currentRequest();
    if (current) current.userId = identity.userId;
    return true;
  }

  private async identify(header: string | undefined): Promise<Identity> {
    if (header === undefined) throw tokenMissing();
    const token = bearer.exec(header)?.[1];
    if (token === undefined) throw tokenInvalid('the Authorization header holds no bearer token');
    const claimed = await this.tokens.verify(token, this.clock.now());
    const role = await this.sessions.findRole(claimed);
    if (!role) throw tokenInvalid('the session has ended');
    return { ...claimed, role };
  }
}
