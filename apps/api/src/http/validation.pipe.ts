import { Injectable, StandardSchemaValidationPipe, type ArgumentMetadata } from '@nestjs/common';
import { Problem, type ProblemItem } from '@app/common';

const prefixes: Partial<Record<ArgumentMetadata['type'], string>> = { query: '/query', param: '/path' };
const escapePointer = (part: PropertyKey): string => String(part).replaceAll('~', '~0').replaceAll('/', '~1');

interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
  readonly keys?: readonly string[];
}

/** An unknown field is reported where it stands, not at the object that holds it. */
function toItems(issue: Issue, prefix: string): ProblemItem[] {
  const path = (issue.path ?? []).map((part) => (typeof part === 'object' ? part.key : part));
  const paths = issue.keys ? issue.keys.map((key) => [...path, key]) : [path];
  const message = issue.keys ? 'unknown field' : issue.message;
  return paths.map((parts) => ({ pointer: prefix + parts.map((part) => `/${escapePointer(part)}`).join(''), message }));
}

export function invalidInput(issues: readonly Issue[], prefix = ''): Problem {
  const errors = issues.slice(0, 50).flatMap((issue) => toItems(issue, prefix));
  const detail = errors
    .map((item) => `${item.pointer || 'body'}: ${item.message}`)
    .slice(0, 5)
    .join('; ');
  return new Problem(400, 'invalid-input', 'The request is not valid', detail, { errors: errors.slice(0, 50) });
}

/** Nest's schema pipe, answering with pointers: `/field` for bodies, `/query/field` and `/path/field` for parameters. */
@Injectable()
export class ValidationPipe extends StandardSchemaValidationPipe {
  override async transform<T>(value: T, metadata: ArgumentMetadata): Promise<T> {
    const { schema } = metadata;
    if (!schema || metadata.type === 'custom') return value;
    this.stripProtoKeys(value);
    const result = await schema['~standard'].validate(value);
    if (!result.issues) return result.value as T;
    const name = metadata.data === undefined ? '' : `/${escapePointer(metadata.data)}`;
    throw invalidInput(result.issues, (prefixes[metadata.type] ?? '') + name);
  }
}
