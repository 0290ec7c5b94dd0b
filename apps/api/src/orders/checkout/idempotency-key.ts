import { applyDecorators, createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { invalidInput } from '../../http/validation.pipe.js';

const accepted = /^[\x20-\x7e]{1,255}$/;

/** The client's key, if there is one. Throws 400 for one that is not 1 to 255 printable ASCII characters. */
export const IdempotencyKey = createParamDecorator((_: unknown, context: ExecutionContext): string | undefined => {
  const key = context.switchToHttp().getRequest<FastifyRequest>().headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key === 'string' && accepted.test(key)) return key;
  throw invalidInput([{ message: 'must be 1 to 255 printable ASCII characters' }], '/header/idempotency-key');
});

export const ApiIdempotencyKey = () =>
  applyDecorators(
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description: 'Makes a retry safe for 24 hours: the same key and body give the first answer again, marked `Idempotent-Replayed: true`',
      schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[\\x20-\\x7e]+$' },
    }),
  );
