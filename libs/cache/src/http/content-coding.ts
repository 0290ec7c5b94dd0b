import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

export type Coding = 'br' | 'gzip' | 'identity';

const preferred: readonly Coding[] = ['br', 'gzip', 'identity'];
const remembered = new Map<string, Coding>();
const rememberedAtMost = 500;

/**
 * The coding for an `Accept-Encoding` (RFC 9110 section 12.5.3): the highest weight, then the smallest bytes; identity when nothing is acceptable.
 * Browsers send a handful of different values, so each is parsed once.
 */
export function chooseCoding(header: string | undefined): Coding {
  if (header === undefined) return 'identity';
  let coding = remembered.get(header);
  if (coding === undefined) {
    coding = parseCoding(header);
    if (remembered.size < rememberedAtMost) remembered.set(header, coding);
  }
  return coding;
}

function parseCoding(header: string): Coding {
  const weights = new Map<string, number>();
  for (const part of header.toLowerCase().split(',').slice(0, 20)) {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim());
    const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    weights.set(name === 'x-gzip' ? 'gzip' : name, weight === undefined ? 1 : Number(weight) || 0);
  }
  const others = weights.get('*') ?? 0;
  const weightOf = (coding: Coding): number => weights.get(coding) ?? (coding === 'identity' ? Math.max(others, Number.EPSILON) : others);
  return preferred.reduce((best, coding) => (weightOf(coding) > weightOf(best) ? coding : best));
}

/** Smaller answers fit into one packet, and gain nothing. In bytes. */
export const smallestCompressed = 1024;
const compressible = /^(?:text\/(?!event-stream)|application\/(?:json|javascript|xml|[\w.-]+\+(?:json|xml))|image\/svg)/i;

/** Whether text of this media type gets smaller. Events are sent one by one, so a stream of them is not to be held back. */
export const isCompressible = (contentType: string): boolean => compressible.test(contentType);

/** Whether a body of this type is to be compressed at all. */
export const isWorthCompressing = (body: Buffer, contentType: string): boolean =>
  body.length >= smallestCompressed && isCompressible(contentType);

const [brotli, gz] = [promisify(brotliCompress), promisify(gzip)];

/** Made off the event loop, on one of the threads that zlib shares with the file system and with hashing. */
export function compress(body: Buffer, coding: 'br' | 'gzip'): Promise<Buffer> {
  if (coding === 'gzip') return gz(body, { level: 6 });
  return brotli(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 5, [constants.BROTLI_PARAM_SIZE_HINT]: body.length } });
}
