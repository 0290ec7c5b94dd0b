import { Problem } from '@app/common';
import type { CallHandler } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { finished } from 'node:stream/promises';
import { lastValueFrom } from 'rxjs';
import { Unkept } from '../loading/answer.js';
import { entityTagOf } from './entity-tag.js';
import type { ResponsePlan } from './response-plan.js';
import { StoredProblem, StoredResponse } from './stored-response.js';

/** Pipes and handler of one request. */
export interface HandlerRun {
  readonly plan: ResponsePlan;
  readonly reply: FastifyReply;
  readonly next: CallHandler;
}

const json = 'application/json; charset=utf-8';
const gone = new Set([404, 410]);

/** What the handler has set, of the headers that are asked for. */
type HeaderOf = (name: string) => string | undefined;

/** Runs the handler and makes an answer of what it gives. Rejects with the handler's error. */
export function runHandler(run: HandlerRun): Promise<StoredResponse | StoredProblem | Unkept> {
  return produce(run, (name) => run.reply.getHeader(name)?.toString());
}

/**
 * Runs the handler again for an answer that has been given already, once that has left. The handler writes its headers to the same reply,
 * where they are caught: those of the old answer must not be taken for its own.
 */
export async function rerunHandler(run: HandlerRun): Promise<StoredResponse | StoredProblem | Unkept> {
  const { reply } = run;
  // A client that went away has nothing to do with it.
  await finished(reply.raw).catch(() => undefined);
  await new Promise(setImmediate);
  const caught = new Map<string, string>();
  reply.header = (name: string, value: unknown) => {
    caught.set(name.toLowerCase(), String(value));
    return reply;
  };
  return produce(run, (name) => caught.get(name) ?? (name === 'content-type' ? reply.getHeader(name)?.toString() : undefined));
}

async function produce({ plan, reply, next }: HandlerRun, headerOf: HeaderOf): Promise<StoredResponse | StoredProblem | Unkept> {
  const { statusCode } = reply;
  let value: unknown;
  try {
    value = await lastValueFrom(next.handle(), { defaultValue: undefined });
  } catch (error) {
    if (plan.type.negativeTtlMs === 0 || !(error instanceof Problem) || !gone.has(error.status) || hasMore(error)) throw error;
    const { status, code, title, detail } = error;
    return new StoredProblem({ status, code, title, detail });
  }
  const reason = reply.statusCode === statusCode ? whyNot(headerOf, value) : 'another status';
  if (reason !== undefined) return new Unkept(value, reason);
  const { body, contentType } = bodyOf(value);
  const headers: Record<string, string> = { 'content-type': contentType };
  for (const name of plan.keptHeaders) {
    const given = headerOf(name);
    if (given !== undefined) headers[name] = given;
  }
  const etag = headerOf('etag') ?? entityTagOf(body);
  return new StoredResponse({ headers, etag, body }, plan.namesOf?.(value, reply.request));
}

/** A problem that says more than its detail is said by the handler each time. */
const hasMore = (problem: Problem): boolean =>
  problem.errors !== undefined || Object.keys(problem.extensions).length > 0 || Object.keys(problem.headers).length > 0;

function whyNot(headerOf: HeaderOf, value: unknown): string | undefined {
  if (headerOf('set-cookie') !== undefined) return 'sets a cookie';
  if (/no-store|private/i.test(headerOf('cache-control') ?? '')) return 'said not to be stored';
  return isStream(value) ? 'a stream' : undefined;
}

const isStream = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  !Buffer.isBuffer(value) &&
  ('pipe' in value || 'getStream' in value || Symbol.asyncIterator in value);

function bodyOf(value: unknown): { body: Buffer; contentType: string } {
  if (Buffer.isBuffer(value)) return { body: value, contentType: 'application/octet-stream' };
  if (typeof value === 'string') return { body: Buffer.from(value), contentType: 'text/plain; charset=utf-8' };
  return { body: value === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(value)), contentType: json };
}
