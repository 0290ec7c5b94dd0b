import { Problem } from '@app/common';
import { z } from 'zod';
import { integerParameter } from './schema.js';

/** Rows that can be reached by page number; deeper ones are read by cursor, in constant time. */
export const maxOffsetRows = 10_000;

const cursorText = z.string().min(1).max(500);

/** The paging part of a query string. Spread into a feature's query schema. */
export const pageParameters = {
  page: integerParameter(1, maxOffsetRows).optional().describe('Page number from 1; pages past 10,000 rows are read by cursor'),
  page_size: integerParameter(1, 100).optional().describe('Rows on a page, 20 unless told'),
  cursor: cursorText.optional().describe('`next_cursor` of the page before; takes precedence over `page`'),
};

/** The same for a JSON body. */
export const pageFields = {
  page: z.int().min(1).max(maxOffsetRows).optional(),
  page_size: z.int().min(1).max(100).optional(),
  cursor: cursorText.optional(),
};

export const pagination = z
  .object({
    page: z.int().nullable().describe('null when paging by cursor'),
    page_size: z.int(),
    total_count: z.int(),
    total_pages: z.int(),
    total_is_estimate: z.boolean().optional(),
    next_cursor: z.string().nullable().describe('null on the last page'),
  })
  .meta({ id: 'Pagination', examples: [{ page: 1, page_size: 20, total_count: 137, total_pages: 7, next_cursor: 'WyJBIiwxXQ' }] });

export type Pagination = z.infer<typeof pagination>;

export interface PageRequest {
  readonly page?: number | undefined;
  readonly page_size?: number | undefined;
  readonly cursor?: string | undefined;
}

/** Where to read: `after` are the sort values of the last row seen (the last one its id), else an offset. */
export interface PageWindow {
  readonly limit: number;
  readonly offset: number;
  readonly after?: readonly unknown[];
  readonly page: number | null;
}

const invalidPage = (pointer: string, detail: string): Problem =>
  new Problem(400, 'invalid-input', 'The request is not valid', detail, { errors: [{ pointer, message: detail }] });

/**
 * Turns a page request into a window. `kind` names the list and its sort order: a cursor is only valid where it was given out.
 * Throws 400 for a cursor that is not ours and for a page past `maxOffsetRows`, pointing to `cursor`.
 */
export function pageWindow(request: PageRequest, kind: string): PageWindow {
  const limit = request.page_size ?? 20;
  if (request.cursor !== undefined) return { limit, offset: 0, after: decodeCursor(request.cursor, kind), page: null };
  const page = request.page ?? 1;
  if (page * limit > maxOffsetRows) {
    throw invalidPage('/page', `pages reach ${maxOffsetRows} rows deep; pass next_cursor as cursor to read on`);
  }
  return { limit, offset: (page - 1) * limit, page };
}

/** `rows` holds one row more than the page when there is a next page: ask the database for `limit + 1`. */
export function paginate<Row>(
  rows: readonly Row[],
  window: PageWindow,
  total: { readonly count: number; readonly isEstimate?: boolean },
  cursor: { readonly kind: string; readonly key: (row: Row) => readonly unknown[] },
): { rows: readonly Row[]; pagination: Pagination } {
  const page = rows.slice(0, window.limit);
  const last = page.at(-1);
  const hasNext = rows.length > window.limit && last !== undefined;
  return {
    rows: page,
    pagination: {
      page: window.page,
      page_size: window.limit,
      total_count: total.count,
      total_pages: Math.ceil(total.count / window.limit),
      ...(total.isEstimate ? { total_is_estimate: true } : {}),
      next_cursor: hasNext ? encodeCursor(cursor.kind, cursor.key(last)) : null,
    },
  };
}

export function encodeCursor(kind: string, key: readonly unknown[]): string {
  return Buffer.from(JSON.stringify([kind, ...key])).toString('base64url');
}

function decodeCursor(cursor: string, kind: string): readonly unknown[] {
  const parts = parseCursor(cursor);
  const [given, ...key] = parts;
  if (given !== kind || key.length === 0) throw invalidPage('/cursor', 'this cursor does not belong to this list and order');
  return key;
}

// A cursor is the client's to send back, so its content is input like any other: only plain sort values pass.
function parseCursor(cursor: string): readonly unknown[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    const isPlain = (part: unknown): boolean =>
      part === null || typeof part === 'number' || (typeof part === 'string' && !part.includes('\u0000') && part.isWellFormed());
    if (Array.isArray(parts) && parts.length <= 6 && parts.every(isPlain)) return parts;
  } catch {
    // Not base64url of JSON: refused below like any foreign cursor.
  }
  throw invalidPage('/cursor', 'not a cursor that this service gave out');
}
