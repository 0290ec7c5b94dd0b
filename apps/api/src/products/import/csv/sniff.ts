import { isAscii } from 'node:buffer';
import { notCsv } from '../import.problems.js';

export type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252';

/** What programs write that is not CSV, by the first bytes. */
const signatures: readonly (readonly [kind: string, bytes: string])[] = [
  ['a PNG image', '\x89PNG'],
  ['a JPEG image', '\xff\xd8\xff'],
  ['a GIF image', 'GIF8'],
  ['a PDF document', '%PDF'],
  ['an Excel workbook or a ZIP archive', 'PK\x03\x04'],
  ['an empty ZIP archive', 'PK\x05\x06'],
  ['an Excel workbook of the old format', '\xd0\xcf\x11\xe0'],
  ['a compressed file', '\x1f\x8b'],
  ['a compressed file', '7z\xbc\xaf'],
  ['a sound, film or WebP file', 'RIFF'],
];

const byteOrderMarks: readonly (readonly [Encoding, string])[] = [
  ['utf-8', '\xef\xbb\xbf'],
  ['utf-16le', '\xff\xfe'],
  ['utf-16be', '\xfe\xff'],
];

export interface Mark {
  readonly encoding: Encoding;
  readonly length: number;
}

/** The encoding that a byte order mark tells; throws `notCsv` when the bytes are those of some other kind of file. */
export function sniff(head: Buffer): Mark | undefined {
  const start = head.toString('latin1', 0, 8);
  const mark = byteOrderMarks.find(([, bytes]) => start.startsWith(bytes));
  if (mark) return { encoding: mark[0], length: mark[1].length };
  const kind = signatures.find(([, bytes]) => start.startsWith(bytes))?.[0];
  if (kind !== undefined) throw notCsv(kind);
  if (head.includes(0)) throw notCsv('binary data, or UTF-16 text without a byte order mark');
  return undefined;
}

/** No header of a table begins like this. */
export function refuseOtherText(start: string): void {
  const text = start.trimStart();
  if (text.startsWith('<')) throw notCsv('HTML or XML');
  if (/^[{[]/.test(text)) throw notCsv('JSON');
}

/**
 * Whether the bytes are UTF-8 rather than a one-byte encoding: more characters of several bytes than bytes out of place, so that a
 * single damaged character does not change the reading of the whole file. Undefined while all is ASCII, and the same in both.
 */
export function looksLikeUtf8(bytes: Buffer): boolean | undefined {
  if (isAscii(bytes)) return undefined;
  let valid = 0;
  let invalid = 0;
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes, at);
    if (length === undefined) break;
    if (length > 1) valid += 1;
    if (length === 0) invalid += 1;
    at += length || 1;
  }
  return valid + invalid === 0 ? undefined : valid > invalid;
}

/** 1 to 4, the length of the character at this place; 0 where there is none; undefined where the bytes end within one. */
function sequenceLength(bytes: Buffer, at: number): number | undefined {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  const length = first >= 0xf0 && first < 0xf5 ? 4 : first >= 0xe0 && first < 0xf0 ? 3 : first >= 0xc2 && first < 0xe0 ? 2 : 0;
  for (let next = 1; next < length; next += 1) {
    const byte = bytes[at + next];
    if (byte === undefined) return undefined;
    if (byte < 0x80 || byte > 0xbf) return 0;
  }
  return length;
}

/** How many bytes at the end begin a character of UTF-8 that is not complete yet. */
export function incompleteTail(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return sequenceLength(bytes, bytes.length - back) === undefined ? back : 0;
  }
  return 0;
}
