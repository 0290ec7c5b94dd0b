import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { Problem } from '@app/common';
import { isConnectionError, isOutOfResources, isRetryable, isStatementTimeout, PoolExhaustedError } from '@app/database';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { STATUS_CODES } from 'node:http';
import { methodNotAllowed, type AllowedMethods } from './method-not-allowed.js';
import { problemBody } from './problem-body.js';

const retrySoon = { headers: { 'retry-after': '2' } };

const malformedBody = (cause: Error, detail?: string): Problem =>
  new Problem(400, 'malformed-body', 'The body is not valid JSON', detail, { cause });

/** What Fastify refuses before a route runs, in our words. */
const fastifyProblems: Record<string, (error: FastifyError) => Problem> = {
  FST_ERR_CTP_BODY_TOO_LARGE: (cause) => new Problem(413, 'body-too-large', 'The body is too large', undefined, { cause }),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: (cause) =>
    new Problem(415, 'unsupported-media-type', 'The content type is not supported', 'send application/json', { cause }),
  FST_ERR_CTP_EMPTY_JSON_BODY: (cause) => malformedBody(cause, 'the body is empty'),
  FST_ERR_CTP_INVALID_JSON_BODY: (cause) => malformedBody(cause),
};

const isFastifyError = (error: unknown): error is FastifyError => error instanceof Error && 'code' in error && 'statusCode' in error;

/** Turns whatever was thrown into the one error shape. What we did not foresee is a 500 that says nothing. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof PoolExhaustedError || isStatementTimeout(error) || isRetryable(error)) {
    return new Problem(503, 'overloaded', 'The service is busy', undefined, { ...retrySoon, cause: error });
  }
  if (isConnectionError(error)) {
    return new Problem(503, 'database-unavailable', 'The service is temporarily unavailable', undefined, { ...retrySoon, cause: error });
  }
  if (isOutOfResources(error)) {
    return new Problem(503, 'storage-exhausted', 'Nothing can be stored at present', undefined, {
      headers: { 'retry-after': '60' },
      cause: error,
    });
  }
  if (error instanceof HttpException) return fromHttpException(error);
  if (isFastifyError(error)) return fromFastify(error);
  if (error instanceof SyntaxError && 'statusCode' in error) return malformedBody(error);
  return new Problem(500, 'internal-error', 'Internal error', undefined, { cause: error });
}

function fromFastify(error: FastifyError): Problem {
  const known = fastifyProblems[error.code];
  if (known) return known(error);
  const status = error.statusCode ?? 500;
  return new Problem(status, status < 500 ? 'bad-request' : 'internal-error', STATUS_CODES[status] ?? 'Error', undefined, { cause: error });
}

function fromHttpException(error: HttpException): Problem {
  const { cause } = error;
  if (isFastifyError(cause)) return fromFastify(cause);
  if (cause instanceof SyntaxError) return malformedBody(cause);
  const status = error.getStatus();
  if (status === 404) return new Problem(404, 'not-found', 'Not found', 'there is nothing at this address', { cause: error });
  const code = (STATUS_CODES[status] ?? 'error').toLowerCase().replaceAll(' ', '-');
  return new Problem(status, code, STATUS_CODES[status] ?? 'Error', error.message, { cause: error });
}

/** The only place where an error becomes an answer. The cause of a 5xx goes to the log, never to the client. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('Problem');

  constructor(private readonly allowedMethods: AllowedMethods) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const problem = this.unmatched(request) ?? toProblem(error);
    // A 503 without a cause is a refusal on purpose: whoever refused has said so, and a stack for each would add to the load.
    if (problem.status >= 500 && !(problem.status === 503 && problem.cause === undefined))
      this.logger.error({ err: problem.cause ?? problem, request_id: request.id }, problem.message);
    // An answer that has begun cannot change: the connection is cut, so that the client does not take half for the whole.
    if (reply.sent || reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    void reply.code(problem.status).headers(problem.headers).type('application/problem+json').send(problemBody(problem, request));
  }

  private unmatched(request: FastifyRequest): Problem | undefined {
    if (!request.is404) return undefined;
    const allowed = this.allowedMethods.of(request.url.split('?', 1)[0] ?? '');
    return allowed.length > 0 ? methodNotAllowed(request.method, allowed) : undefined;
  }
}
