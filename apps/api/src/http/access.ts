import { applyDecorators, createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import { ApiBearerAuth, ApiExtension } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';

export type Role = 'customer' | 'seller' | 'admin';

/** Who a valid access token says the caller is. */
export interface Identity {
  readonly userId: number;
  readonly role: Role;
  readonly sessionId: string;
}

declare module 'fastify' {
  interface FastifyRequest {
    identity?: Identity;
  }
}

/** Metadata key: the roles that may call the route; an empty list lets anybody in. */
export const ACCESS = 'techmart:access';

const everyRole: readonly Role[] = ['customer', 'seller', 'admin'];

/** Anybody may call it; the caller's token is not looked at. */
export const Public = () => applyDecorators(SetMetadata(ACCESS, []), ApiExtension('x-access', ['anyone']));

/** Signed-in users of these roles; all of them when none is named. A route with neither decorator is closed to all. */
export const Access = (...roles: Role[]) => {
  const allowed = roles.length > 0 ? roles : everyRole;
  return applyDecorators(SetMetadata(ACCESS, allowed), ApiBearerAuth(), ApiExtension('x-access', allowed));
};

/** The caller, on a route with `@Access`. */
export const CurrentUser = createParamDecorator((_: unknown, context: ExecutionContext): Identity => {
  const { identity } = context.switchToHttp().getRequest<FastifyRequest>();
  if (!identity) throw new Error('@CurrentUser on a route that needs no token');
  return identity;
});
