import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { AnswerHead } from './answer-head.js';
import { matchesTag } from './entity-tag.js';
import type { ResponsePlan } from './response-plan.js';
import { sendable, type StoredResponse, type Variant } from './stored-response.js';
import { validated } from './write-answer.js';

/** A stored answer as one request gets it: whole, or as "not modified". */
export interface ReadyAnswer {
  readonly status: 200 | 304;
  /** All headers that are the same each time, as Node takes them: names and values in turn. */
  readonly lines: readonly string[];
  /** Undefined for "not modified". */
  readonly variant: Variant | undefined;
}

/** `common` are headers of every answer, in lower case; the same ones each time, since lines are made once. */
export class AnswerMaker {
  constructor(private readonly common: Readonly<Record<string, string>>) {}

  make(stored: StoredResponse, plan: ResponsePlan, headers: IncomingHttpHeaders): ReadyAnswer {
    const variant = stored.variantFor(headers['accept-encoding']);
    const condition = headers['if-none-match'];
    if (condition !== undefined && matchesTag(condition, variant.etag))
      return { status: 304, lines: linesOf({ ...this.frame(plan, stored.isCompressed), etag: variant.etag }), variant: undefined };
    variant.lines ??= this.linesOfWhole(variant, plan, stored.isCompressed);
    return { status: 200, lines: variant.lines, variant };
  }

  private linesOfWhole({ body, headers }: Variant, plan: ResponsePlan, isCompressed: boolean): string[] {
    return linesOf({ ...this.frame(plan, isCompressed), ...headers, 'content-length': String(body.length) });
  }

  /** The headers that are not the handler's. */
  private frame(plan: ResponsePlan, isCompressed: boolean): Record<string, string> {
    const frame: Record<string, string> = { ...this.common, 'cache-control': validated };
    for (const { name, value } of plan.routeHeaders) if (typeof value === 'string') frame[name.toLowerCase()] = value;
    if (isCompressed || plan.vary.length > 0)
      frame['vary'] = frame['vary'] === undefined ? plan.varyHeader : `${frame['vary']}, ${plan.varyHeader}`;
    return frame;
  }
}

/** The bytes of a body that nothing has compressed; 0 otherwise. */
export const plainBytes = ({ variant }: ReadyAnswer): number =>
  variant && variant.headers['content-encoding'] === undefined ? variant.body.length : 0;

export function writeReady(response: ServerResponse, { status, lines, variant }: ReadyAnswer, head: AnswerHead): void {
  response.writeHead(status, head.lines.concat(lines));
  if (variant) response.end(sendable(variant), 'latin1');
  else response.end();
}

const linesOf = (headers: Readonly<Record<string, string>>): string[] => Object.entries(headers).flat();
