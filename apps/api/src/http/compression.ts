import { chooseCoding, isCompressible, smallestCompressed, type Coding } from '@app/cache';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { pipeline, type Readable, type Transform } from 'node:stream';
import { promisify } from 'node:util';
import { brotliCompress, constants, createBrotliCompress, createGzip, gzip, type BrotliOptions } from 'node:zlib';

// Made for this one answer: what is kept is compressed harder, once.
const gzipOptions = { level: 5 };
const brotliOptions: BrotliOptions = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } };

const [compressBrotli, compressGzip] = [promisify(brotliCompress), promisify(gzip)];

/**
 * Compresses answers that are made anew; those from the cache come with their forms, and say so by `Content-Encoding`. A strong `ETag`
 * names the very bytes (RFC 9110 section 8.8.3), and here the version that `If-Match` takes, so an answer that has one is left as it is.
 */
export function registerCompression(server: FastifyInstance): void {
  server.addHook('onSend', (request, reply, payload, done) => {
    // It stands for an answer that may be there in several forms (RFC 9110 section 15.4.5).
    if (reply.statusCode === 304) varyByCoding(reply);
    if (!isSuitable(reply, payload)) return done(null, payload);
    varyByCoding(reply);
    const coding = chooseCoding(request.headers['accept-encoding']);
    if (coding === 'identity') return done(null, payload);
    if (isStream(payload)) return done(null, announce(reply, coding, squeezeStream(request, payload, coding)));
    const body = typeof payload === 'string' ? Buffer.from(payload) : (payload as Buffer);
    const squeezed = coding === 'br' ? compressBrotli(body, brotliOptions) : compressGzip(body, gzipOptions);
    // oxlint-disable-next-line promise/no-callback-in-promise -- Fastify's hooks take callbacks
    squeezed.then((bytes) => done(null, announce(reply, coding, bytes)), done);
  });
}

const isStream = (payload: unknown): payload is Readable =>
  typeof payload === 'object' && payload !== null && typeof (payload as Partial<Readable>).pipe === 'function';

function isSuitable(reply: FastifyReply, payload: unknown): boolean {
  const isWhole = typeof payload === 'string' || Buffer.isBuffer(payload);
  if (isWhole ? payload.length < smallestCompressed : !isStream(payload)) return false;
  const etag = reply.getHeader('etag');
  if (etag !== undefined && !String(etag).startsWith('W/')) return false;
  if (reply.statusCode === 206 || reply.hasHeader('content-encoding')) return false;
  if (!isCompressible(String(reply.getHeader('content-type') ?? ''))) return false;
  return !/no-transform/i.test(String(reply.getHeader('cache-control') ?? ''));
}

function varyByCoding(reply: FastifyReply): void {
  const vary = String(reply.getHeader('vary') ?? '');
  if (!/accept-encoding|\*/i.test(vary)) reply.header('vary', vary === '' ? 'accept-encoding' : `${vary}, accept-encoding`);
}

/** Ranges would be those of the bytes before. */
function announce<T>(reply: FastifyReply, coding: Coding, payload: T): T {
  reply.removeHeader('content-length').removeHeader('accept-ranges');
  reply.header('content-encoding', coding);
  return payload;
}

/** A failure on either side ends the other one: Fastify sees it on what it was given. */
function squeezeStream(request: FastifyRequest, source: Readable, coding: Coding): Readable {
  // Nobody reads it; Fastify ends what it is given.
  if (request.method === 'HEAD') return source;
  const encoder: Transform = coding === 'br' ? createBrotliCompress(brotliOptions) : createGzip(gzipOptions);
  pipeline(source, encoder, () => undefined);
  return encoder;
}
