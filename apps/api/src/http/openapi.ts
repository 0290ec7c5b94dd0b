import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import { problemSchema } from './problem-body.js';
import { version } from '../version.js';

type Schemas = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;
type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;

const methods = ['get', 'post', 'put', 'patch', 'delete'] as const;
const problemContent = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };

/** JSON Schema 2020-12, which is what OpenAPI 3.1 speaks, of either side of a schema. */
function convert(schema: unknown, { schemaType }: { schemaType: 'input' | 'output' }) {
  if (!(schema instanceof z.ZodType)) return undefined;
  const {
    $defs,
    $schema: _,
    ...rest
  } = z.toJSONSchema(schema, {
    io: schemaType,
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      // An answer may grow: a client must not refuse fields that it does not know.
      if (schemaType === 'output' && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
    },
  });
  return { schema: rest, components: ($defs ?? {}) as Schemas };
}

/** The statuses that any route of its kind can answer. */
function commonProblems(operation: Operation): number[] {
  const statuses = [429, 503];
  const takesBody = operation.requestBody !== undefined;
  if (takesBody || (operation.parameters ?? []).length > 0) statuses.push(400);
  if (takesBody) statuses.push(413, 415);
  if (operation.security) {
    statuses.push(401);
    const access = (operation as unknown as Record<string, unknown>)['x-access'];
    if (Array.isArray(access) && access.length < 3) statuses.push(403);
  }
  return statuses;
}

function completeOperation(operation: Operation): void {
  for (const status of commonProblems(operation)) operation.responses[status] ??= { description: STATUS_CODES[status] ?? '' };
  for (const [status, response] of Object.entries(operation.responses)) {
    if (response && Number(status) >= 400 && !('$ref' in response)) response.content = problemContent;
  }
}

export function createDocument(app: NestFastifyApplication): OpenAPIObject {
  const description =
    'Users, catalogue, cart, orders, reviews and community. Errors are `application/problem+json` (RFC 9457). ' +
    'Every answer carries `X-Request-Id`, `Server-Timing`, `X-System-Load`, and the limit of its route in `X-RateLimit-*`, `RateLimit` and ' +
    '`RateLimit-Policy`. Over the limit: 429 with `Retry-After`.';
  const info = new DocumentBuilder().setOpenAPIVersion('3.1.0').setTitle('TechMart').setDescription(description).setVersion(version);
  const document = SwaggerModule.createDocument(app, info.addBearerAuth().build(), {
    standardSchemaConverter: convert,
    operationIdFactory: (controller, method) => `${controller.replace(/Controller$/, '')}_${method}`,
  });
  document.components ??= {};
  document.components.schemas = {
    ...document.components.schemas,
    ...convert(z.object({ problem: problemSchema }), { schemaType: 'output' })?.components,
  };
  for (const path of Object.values(document.paths)) {
    for (const method of methods) {
      const operation = path[method];
      if (operation) completeOperation(operation);
    }
  }
  return document;
}
