import type { QueryFinished } from '@app/common';
import type { Fingerprints } from '../sql/fingerprints.js';
import type { ParameterMask } from './parameter-mask.js';
import type { QueryRecord, QueryWriter, Recording } from './recording.js';

/** Writes statements down without a value: the fingerprint for the text, marks for the parameters, a code for the error. */
export class MaskingWriter implements QueryWriter {
  constructor(
    private readonly fingerprints: Fingerprints,
    private readonly mask: ParameterMask,
  ) {}

  write(query: QueryFinished, { startedAt, isFull }: Recording): QueryRecord {
    const { durationMs, waitMs, rowCount, readBytes, isInTransaction, error, site } = query;
    const fingerprint = this.fingerprints.of(query.text);
    return {
      fingerprint,
      at: query.startedAt - startedAt,
      durationMs,
      waitMs,
      rowCount,
      readBytes,
      isInTransaction,
      errorCode: error && codeOf(error),
      parameters: isFull ? this.mask.mask(query.parameters, fingerprint.salt) : undefined,
      site,
    };
  }
}

function codeOf(error: Error): string {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code.slice(0, 20) : error.name.slice(0, 40);
}
