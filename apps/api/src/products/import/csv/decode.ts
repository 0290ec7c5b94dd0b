import iconv from 'iconv-lite';
import { isUtf8 } from 'node:buffer';
import { emptyFile } from '../import.problems.js';
import { incompleteTail, looksLikeUtf8, refuseOtherText, sniff, type Encoding } from './sniff.js';

const SNIFFED_BYTES = 65_536;

interface Decoder {
  write(bytes: Buffer): string;
  end(): string | undefined;
}

/**
 * The bytes of an upload as text, without a copy of the whole. A byte order mark decides; else the first bytes that are not ASCII do,
 * wherever in the file they come: UTF-8, or Windows-1252, which every byte can be read as and which holds Latin-1.
 */
export class TextDecoding {
  /** As far as is known: all of what was read fits it. */
  encoding: Encoding = 'utf-8';
  /** Bytes that are not UTF-8 were found in a file that is; they became U+FFFD. */
  isDamaged = false;

  async *decode(bytes: AsyncIterable<Buffer>): AsyncGenerator<string> {
    const chunks = bytes[Symbol.asyncIterator]();
    const head = await readHead(chunks);
    const { text, rest } = this.start(head.bytes);
    yield text;
    // What came before the failure is text like any other.
    if (head.failure) throw head.failure;
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield rest.write(next.value);
    yield rest.end() ?? '';
  }

  private start(head: Buffer): { text: string; rest: Decoder } {
    if (head.length === 0) throw emptyFile('the upload has no bytes');
    const mark = sniff(head);
    const body = head.subarray(mark?.length ?? 0);
    this.encoding = mark?.encoding ?? 'utf-8';
    const rest =
      this.encoding === 'utf-8'
        ? new Utf8OrAnsi(this, mark ? true : looksLikeUtf8(body))
        : iconv.getDecoder(this.encoding, { stripBOM: false });
    const text = rest.write(body);
    refuseOtherText(text.slice(0, 512));
    return { text, rest };
  }
}

/** The first bytes, enough to tell what they are. A failure comes with those before it, if there are any. */
async function readHead(chunks: AsyncIterator<Buffer>): Promise<{ readonly bytes: Buffer; readonly failure?: Error }> {
  const head: Buffer[] = [];
  try {
    for (let read = 0; read < SNIFFED_BYTES;) {
      const { done, value } = await chunks.next();
      if (done) break;
      head.push(value);
      read += value.length;
    }
  } catch (error) {
    if (head.length === 0 || !(error instanceof Error)) throw error;
    return { bytes: Buffer.concat(head), failure: error };
  }
  return { bytes: Buffer.concat(head) };
}

/** Undecided while there was nothing but ASCII. Characters that a chunk cuts in two wait for their other half. */
class Utf8OrAnsi implements Decoder {
  private pending = Buffer.alloc(0);
  private ansi: Decoder | undefined;

  constructor(
    private readonly found: TextDecoding,
    private isUtf8: boolean | undefined,
  ) {
    if (isUtf8 === false) this.switchToAnsi();
  }

  write(chunk: Buffer): string {
    if (this.ansi) return this.ansi.write(chunk);
    const bytes = this.pending.length > 0 ? Buffer.concat([this.pending, chunk]) : chunk;
    this.isUtf8 ??= looksLikeUtf8(bytes);
    if (this.isUtf8 === false) return this.switchToAnsi().write(bytes);
    const tail = incompleteTail(bytes);
    this.pending = Buffer.from(bytes.subarray(bytes.length - tail));
    return this.text(bytes.subarray(0, bytes.length - tail));
  }

  end(): string | undefined {
    if (this.ansi) return this.ansi.end();
    if (this.pending.length === 0) return undefined;
    return this.isUtf8 ? this.text(this.pending) : this.switchToAnsi().write(this.pending);
  }

  private text(bytes: Buffer): string {
    if (!isUtf8(bytes)) this.found.isDamaged = true;
    return bytes.toString('utf8');
  }

  private switchToAnsi(): Decoder {
    this.found.encoding = 'windows-1252';
    this.ansi = iconv.getDecoder('windows-1252');
    return this.ansi;
  }
}
