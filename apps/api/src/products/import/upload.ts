import type { FastifyRequest } from 'fastify';
import type { Readable } from 'node:stream';
import { badForm, CutShort, noFile, notAnUpload } from './import.problems.js';

export interface UploadLimits {
  readonly bytes: number;
  /** For the whole of it. */
  readonly timeoutMs: number;
  /** Between two pieces. */
  readonly pauseMs: number;
}

export interface Upload extends AsyncIterable<Buffer> {
  /** Parts of the form besides the file. Known when the file has been read. */
  readonly strayParts: readonly string[];
}

/** The file in a request, to be read once, as it comes. Throws 413 for one that says at once that it is too large, 415 for none. */
export function uploadIn(request: FastifyRequest, limits: UploadLimits): Upload {
  const isForm = request.isMultipart();
  if (!isForm && request.body !== request.raw) throw notAnUpload();
  if (Number(request.headers['content-length']) > limits.bytes) throw CutShort.fileTooLarge(limits.bytes).toProblem();
  const strayParts: string[] = [];
  return {
    strayParts,
    [Symbol.asyncIterator]: () => (isForm ? formBytes(request, limits, strayParts) : limitedBytes(request.raw, limits)),
  };
}

async function* formBytes(request: FastifyRequest, limits: UploadLimits, strayParts: string[]): AsyncGenerator<Buffer> {
  const parts = request.parts({ limits: { fileSize: limits.bytes + 1, fieldSize: 100, parts: 10 } });
  const first = await nextPart(parts, limits);
  if (!first) throw noFile();
  if (first.type === 'field') throw badForm(`"${first.fieldname}" is not a file; the options go into the query string`);
  yield* limitedBytes(first.file, limits);
  // Too late to be heeded, and too telling to be passed over in silence.
  for (let part = await nextPart(parts, limits); part; part = await nextPart(parts, limits)) {
    strayParts.push(part.fieldname);
    if (part.type === 'file') part.file.resume();
  }
}

type Part = Awaited<ReturnType<FastifyRequest['parts']>> extends AsyncIterableIterator<infer P> ? P : never;

async function nextPart(parts: AsyncIterableIterator<Part>, { pauseMs }: UploadLimits): Promise<Part | undefined> {
  try {
    const { done, value } = await within(parts.next(), pauseMs);
    return done ? undefined : value;
  } catch (error) {
    if (error instanceof CutShort) throw error;
    throw isCutOff(error) ? CutShort.uploadCutOff() : badForm(error instanceof Error ? error.message : 'it cannot be read');
  }
}

const isCutOff = (error: unknown): boolean =>
  error instanceof Error && /premature|aborted|terminated early|unexpected end/i.test(`${error.message} ${error.name}`);

/** Leaves the stream open: to destroy a request is to close the connection that its answer needs. */
async function* limitedBytes(stream: Readable, { bytes, timeoutMs, pauseMs }: UploadLimits): AsyncGenerator<Buffer> {
  const endsAt = performance.now() + timeoutMs;
  const chunks = stream.iterator({ destroyOnReturn: false });
  let read = 0;
  for (;;) {
    const { done, value } = await nextChunk(chunks, Math.min(pauseMs, endsAt - performance.now()));
    if (done) return;
    read += value.length;
    if (read > bytes) throw CutShort.fileTooLarge(bytes);
    yield value;
  }
}

async function nextChunk(chunks: AsyncIterator<Buffer>, timeoutMs: number): Promise<IteratorResult<Buffer>> {
  try {
    return await within(chunks.next(), timeoutMs);
  } catch (error) {
    // Whatever else ends a stream early, the rest of the file is not coming.
    throw error instanceof CutShort ? error : CutShort.uploadCutOff();
  }
}

async function within<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(CutShort.uploadTooSlow()), timeoutMs);
  });
  return Promise.race([work, timeout]).finally(() => clearTimeout(timer));
}
