import { applyDecorators, HttpCode } from '@nestjs/common';
import { ApiOperation, ApiResponse } from '@nestjs/swagger';
import { STATUS_CODES } from 'node:http';
import type { z } from 'zod';
import { problemSchema } from './problem-body.js';

interface ApiDoc {
  readonly summary: string;
  readonly description?: string;
  /** What the route answers when all goes well; none: 204 unless `status` says otherwise. */
  readonly answer?: z.ZodType;
  readonly status?: number;
  /** Statuses of 400 and above that the route's own rules give. 400, 401, 403, 413, 415, 429 and 503 are added where they apply. */
  readonly problems?: readonly number[];
  readonly description200?: string;
  /** For a route that reads its body itself. */
  readonly requestBody?: NonNullable<Parameters<typeof ApiOperation>[0]['requestBody']>;
}

/** Documents a route and fixes the status of its success, so that the two cannot differ. */
export function ApiDoc({ summary, description, answer, status = answer ? 200 : 204, problems = [], description200, requestBody }: ApiDoc) {
  return applyDecorators(
    HttpCode(status),
    ApiOperation({ summary, ...(description ? { description } : {}), ...(requestBody ? { requestBody } : {}) }),
    ApiResponse({
      status,
      description: description200 ?? STATUS_CODES[status] ?? '',
      ...(answer ? { standardSchema: answer } : {}),
    }),
    ...problems.map(ApiProblem),
  );
}

export const ApiProblem = (status: number) =>
  ApiResponse({ status, description: STATUS_CODES[status] ?? '', standardSchema: problemSchema });
