import { Problem } from '@app/common';
import type { Codec } from '../entry/codec.js';
import { chooseCoding, compress, isWorthCompressing, type Coding } from './content-coding.js';
import { weakTagOf } from './entity-tag.js';

/** One form of an answer, ready to be sent. */
export interface Variant {
  readonly body: Buffer;
  /** The same bytes, a character each (latin1), of a body that is not long: see `sendable`. */
  text?: string;
  readonly etag: string;
  readonly headers: Readonly<Record<string, string>>;
  /** All headers that are the same each time, as they are written; made when they are first needed. */
  lines?: readonly string[];
}

/** Bytes of a body that is worth keeping as text, too. */
const longestText = 8192;

/** What `end` is given: a short body as text, which Node joins to the head at a lower price than a buffer beside it. */
export function sendable(variant: Variant): Buffer | string {
  if (variant.body.length > longestText) return variant.body;
  return (variant.text ??= variant.body.toString('latin1'));
}

export interface ResponseParts {
  readonly headers: Readonly<Record<string, string>>;
  readonly etag: string;
  readonly body: Buffer;
}

type Compressed = Exclude<Coding, 'identity'>;

/**
 * A whole answer with status 200: the headers that belong to it and its body. A compressed form is made once, beside the requests, for what
 * is asked for again: an answer that nobody comes back to would pay for nothing, and no request waits for it.
 */
export class StoredResponse {
  /** Whether the answer depends on `Accept-Encoding`. */
  readonly isCompressed: boolean;
  private readonly identity: Variant;
  private readonly asked = new Set<Compressed>();
  private readonly made: { [coding in Compressed]?: Variant | 'under way' | 'larger' } = {};

  constructor(
    readonly parts: ResponseParts,
    /** What ends it beside the names of its address; not kept with it, since the entry has them. */
    readonly names: readonly string[] = [],
  ) {
    const { headers, etag, body } = parts;
    this.identity = { body, etag, headers: { ...headers, etag } };
    this.isCompressed = isWorthCompressing(body, headers['content-type'] ?? '');
  }

  /** As it can be sent now. */
  variantFor(acceptEncoding: string | undefined): Variant {
    const coding = this.isCompressed ? chooseCoding(acceptEncoding) : 'identity';
    if (coding === 'identity') return this.identity;
    const made = this.made[coding];
    if (typeof made === 'object') return made;
    if (made === undefined && this.asked.has(coding)) void this.make(coding);
    this.asked.add(coding);
    return this.identity;
  }

  /** Never rejects: what cannot be compressed is sent as it is. */
  private async make(coding: Compressed): Promise<void> {
    const { headers, etag, body } = this.parts;
    this.made[coding] = 'under way';
    const smaller = await compress(body, coding).catch(() => body);
    const tag = weakTagOf(etag);
    this.made[coding] =
      smaller.length < body.length
        ? { body: smaller, etag: tag, headers: { ...headers, 'content-encoding': coding, etag: tag } }
        : 'larger';
  }
}

export const namesOfStored = (stored: unknown): readonly string[] => (stored instanceof StoredResponse ? stored.names : []);

/** "There is none" as the handler put it, so that it can be said again without asking. */
export class StoredProblem {
  constructor(readonly fields: { status: number; code: string; title: string; detail: string }) {}

  toProblem(): Problem {
    const { status, code, title, detail } = this.fields;
    return new Problem(status, code, title, detail);
  }
}

interface Meta {
  readonly headers?: Record<string, string>;
  readonly etag?: string;
  readonly length?: number;
  readonly problem?: StoredProblem['fields'];
}

/** JSON text shrinks to a third or less; both forms together stay below this share of it. */
const compressedShare = 0.7;

/** What comes, as JSON on one line, and then the body as it is. */
export const responseCodec: Codec = {
  encode(value) {
    if (value instanceof StoredProblem) return metaLine({ problem: value.fields });
    if (!(value instanceof StoredResponse)) throw new TypeError('not an answer that can be kept');
    const { headers, etag, body } = value.parts;
    return Buffer.concat([metaLine({ headers, etag, length: body.length }), body]);
  },
  decode(payload) {
    const end = payload.indexOf(10);
    const meta = JSON.parse(payload.toString('utf8', 0, end)) as Meta;
    if (meta.problem) return { value: new StoredProblem(meta.problem), bytes: payload.length };
    const { headers, etag, length } = meta;
    if (!headers || etag === undefined || length === undefined) throw new TypeError('not an answer');
    if (payload.length !== end + 1 + length) throw new TypeError('torn');
    // A copy of its own: a part of what came from Redis, or of Node's pool, would keep all of that in memory.
    const body = Buffer.allocUnsafeSlow(length);
    payload.copy(body, 0, end + 1);
    const value = new StoredResponse({ headers, etag, body });
    // The forms that it may come to hold are counted from the start.
    const forms = (value.isCompressed ? Math.ceil(length * compressedShare) : 0) + (length <= longestText ? length : 0);
    return { value, bytes: payload.length + forms + 1000 };
  },
};

const metaLine = (meta: Meta): Buffer => Buffer.from(`${JSON.stringify(meta)}\n`);
