import { currentRequest } from '@app/common';
import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { ACCESS, type Identity, type Role } from '../http/access.js';
import { roleForbidden, routeClosed, tokenInvalid } from './auth.problems.js';
import { Callers } from './callers.js';
import { SessionsService } from './sessions.service.js';

/**
 * Closed unless a route says otherwise. The token proves who calls; the database says whether the session still lives and which role
 * the user has now, so that a log-out, a ban or a demotion counts at once.
 */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly callers: Callers,
    private readonly sessions: SessionsService,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const allowed = this.reflector.getAllAndOverride<readonly Role[] | undefined>(ACCESS, [context.getHandler(), context.getClass()]);
    if (!allowed) throw routeClosed();
    if (allowed.length === 0) return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const identity = await this.identify(request);
    if (!allowed.includes(identity.role)) throw roleForbidden(allowed);
    request.identity = identity;
    const current = currentRequest();
    if (current) current.userId = identity.userId;
    return true;
  }

  private async identify(request: FastifyRequest): Promise<Identity> {
    const caller = await this.callers.of(request);
    if ('refusal' in caller) throw caller.refusal();
    const role = await this.sessions.findRole(caller.identity);
    if (!role) throw tokenInvalid('the session has ended');
    return { ...caller.identity, role };
  }
}
