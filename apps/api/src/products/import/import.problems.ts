import { Problem } from '@app/common';
import type { ImportReport } from './import.dto.js';

const accepted = 'send the file itself as text/csv, or as the only file of a multipart/form-data form';

export const notAnUpload = (): Problem => new Problem(415, 'unsupported-media-type', 'The content type is not supported', accepted);

/** By what the bytes are, whatever the upload calls itself (RFC 9110, section 15.5.16). */
export const notCsv = (kind: string): Problem =>
  new Problem(415, 'not-csv', 'The file is not CSV', `this is ${kind}; save it as CSV and send that`);

export const emptyFile = (detail: string): Problem => new Problem(400, 'empty-file', 'The file is empty', detail);

export const noFile = (): Problem =>
  new Problem(400, 'no-file', 'The form holds no file', 'add the CSV file as one file field of the form');

export const badForm = (detail: string): Problem => new Problem(400, 'malformed-form', 'The form is not valid', detail);

export const missingColumns = (format: string, missing: readonly string[]): Problem =>
  new Problem(400, 'missing-columns', 'Columns are missing', `a ${format} file needs the columns ${missing.join(', ')} too`, {
    extensions: { missing_columns: missing },
  });

export const duplicateColumns = (names: readonly string[]): Problem =>
  new Problem(400, 'duplicate-columns', 'Columns are named twice', `the header names more than once: ${names.join(', ')}`);

export const unreadableHeader = (line: number, detail: string): Problem =>
  new Problem(400, 'unreadable-header', 'The header cannot be read', `line ${line}: ${detail}`);

/** What ends an import before its file does. What was read until then stays imported; the answer tells how far that was. */
export class CutShort extends Error {
  private constructor(
    private readonly status: number,
    readonly code: string,
    private readonly title: string,
    private readonly detail: string,
  ) {
    super(`${title}: ${detail}`);
    this.name = 'CutShort';
  }

  toProblem(report?: ImportReport): Problem {
    return new Problem(this.status, this.code, this.title, this.detail, report ? { extensions: { report } } : {});
  }

  static fileTooLarge = (limitBytes: number): CutShort =>
    new CutShort(413, 'body-too-large', 'The file is too large', `a file may have at most ${limitBytes} bytes; split it into several`);

  static tooManyRows = (limit: number): CutShort =>
    new CutShort(413, 'too-many-rows', 'The file has too many rows', `a file may have at most ${limit} rows; split it into several`);

  static tooManyBrokenRows = (limit: number): CutShort =>
    new CutShort(400, 'unreadable-file', 'The file cannot be read', `more than ${limit} lines are not valid CSV; the rest was not read`);

  static uploadCutOff = (): CutShort =>
    new CutShort(400, 'upload-cut-off', 'The upload was cut off', 'the connection or the form ended before the file did; send it again');

  static uploadTooSlow = (): CutShort =>
    new CutShort(408, 'upload-too-slow', 'The upload took too long', 'send the file again, or a smaller one');
}

/** The database went away half way. */
export const importInterrupted = (cause: unknown, report: ImportReport): Problem =>
  new Problem(503, 'import-interrupted', 'The import was interrupted', undefined, {
    headers: { 'retry-after': '10' },
    extensions: { report },
    cause,
  });

export const importRunning = (): Problem =>
  new Problem(409, 'import-running', 'An import of yours is still running', 'wait for its end, then send this file', {
    headers: { 'retry-after': '10' },
  });

export const importsBusy = (): Problem =>
  new Problem(503, 'imports-busy', 'Too many imports are running', undefined, { headers: { 'retry-after': '10' } });
