import { Problem } from '@app/common';
import type { Codec } from '../entry/codec.js';
import { chooseCoding, type Coding } from './content-coding.js';
import { weakTagOf } from './entity-tag.js';

/** One form of an answer, ready to be sent. */
export interface Variant {
  readonly body: Buffer;
  readonly etag: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ResponseParts {
  readonly headers: Readonly<Record<string, string>>;
  readonly etag: string;
  readonly bodies: { readonly identity: Buffer; readonly br?: Buffer; readonly gzip?: Buffer };
}

/** A whole answer with status 200: the headers that belong to it, its body and the compressed forms of that. Never changed. */
export class StoredResponse {
  private readonly variants: { readonly [coding in Coding]?: Variant } & { readonly identity: Variant };

  constructor(
    readonly parts: ResponseParts,
    /** What ends it beside the names of its address; not kept with it, since the entry has them. */
    readonly names: readonly string[] = [],
  ) {
    const { headers, etag, bodies } = parts;
    const coded = (coding: Coding, body: Buffer | undefined): { [coding in Coding]?: Variant } => {
      if (!body) return {};
      const tag = weakTagOf(etag);
      return { [coding]: { body, etag: tag, headers: { ...headers, 'content-encoding': coding, etag: tag } } };
    };
    const identity = { body: bodies.identity, etag, headers: { ...headers, etag } };
    this.variants = { identity, ...coded('br', bodies.br), ...coded('gzip', bodies.gzip) };
  }

  /** Whether the answer depends on `Accept-Encoding`. */
  get isCompressed(): boolean {
    return this.variants.br !== undefined || this.variants.gzip !== undefined;
  }

  variantFor(acceptEncoding: string | undefined): Variant {
    return this.variants[chooseCoding(acceptEncoding)] ?? this.variants.identity;
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
  /** Lengths of the bodies that follow: identity, br, gzip; -1: there is none. */
  readonly lengths?: readonly [number, number, number];
  readonly problem?: StoredProblem['fields'];
}

/** Lengths of what comes, as JSON on one line, and then the bodies as they are. */
export const responseCodec: Codec = {
  encode(value) {
    if (value instanceof StoredProblem) return metaLine({ problem: value.fields });
    if (!(value instanceof StoredResponse)) throw new TypeError('not an answer that can be kept');
    const { headers, etag, bodies } = value.parts;
    const forms = [bodies.identity, bodies.br, bodies.gzip];
    const lengths = forms.map((body) => body?.length ?? -1) as [number, number, number];
    return Buffer.concat([metaLine({ headers, etag, lengths }), ...forms.filter((body) => body !== undefined)]);
  },
  decode(payload) {
    const end = payload.indexOf(10);
    const meta = JSON.parse(payload.toString('utf8', 0, end)) as Meta;
    if (meta.problem) return { value: new StoredProblem(meta.problem), bytes: payload.length };
    const { headers, etag, lengths } = meta;
    if (!headers || etag === undefined || !lengths) throw new TypeError('not an answer');
    // A copy of its own: a part of what came from Redis, or of Node's pool, would keep all of that in memory.
    const all = Buffer.allocUnsafeSlow(payload.length - end - 1);
    payload.copy(all, 0, end + 1);
    const bodies = split(all, lengths);
    return { value: new StoredResponse({ headers, etag, bodies }), bytes: payload.length + 1000 };
  },
};

const metaLine = (meta: Meta): Buffer => Buffer.from(`${JSON.stringify(meta)}\n`);

function split(all: Buffer, [identity, br, gzip]: readonly [number, number, number]): ResponseParts['bodies'] {
  if (all.length !== [identity, br, gzip].reduce((sum, length) => sum + Math.max(length, 0), 0)) throw new TypeError('torn');
  const gzipStart = identity + Math.max(br, 0);
  return {
    identity: all.subarray(0, identity),
    ...(br >= 0 && { br: all.subarray(identity, gzipStart) }),
    ...(gzip >= 0 && { gzip: all.subarray(gzipStart) }),
  };
}
