export interface RawRecord {
  /** Where it begins, from 1. */
  readonly line: number;
  readonly text: string;
  /** The text had to be cut at the limit. */
  readonly isOverlong: boolean;
  /** Nothing follows, not even a line end: all is read, or the rest was lost on its way. */
  readonly isOpen: boolean;
}

// Quotes and line ends, the only characters that matter here.
const special = /["\r\n]/g;
const lineEnd = /\r\n|\r|\n/g;

/**
 * Cuts a text into records at line ends outside quotes: LF, CRLF or CR, mixed as they come. It holds one record, of `limit` characters
 * at most, and the chunk that this came with. Whoever finds the record to be broken takes its first line alone: a quote too many then
 * spoils one line, not the rest of the file.
 */
export class RecordCutter {
  /** What is not taken yet; begins where a record does. */
  private text = '';
  private line = 1;
  private hasEnded = false;
  private isSkipping = false;
  // How far the record has been looked through.
  private at = 0;
  private isQuoted = false;
  private breaks = 0;
  private firstLineEnd: number | undefined;
  private end: number | undefined;
  private found: RawRecord | undefined;

  constructor(private readonly limit: number) {}

  push(chunk: string): void {
    this.text += chunk;
  }

  finish(): void {
    this.hasEnded = true;
  }

  /** The record at hand, until it is taken; undefined when more text is needed or all is read. */
  peek(): RawRecord | undefined {
    if (this.isSkipping && !this.skipToLineEnd()) return undefined;
    this.found ??= this.look();
    return this.found;
  }

  take(): void {
    if (this.end !== undefined) this.advance(this.end, this.breaks + 1);
  }

  takeFirstLine(): void {
    if (this.firstLineEnd !== undefined) return this.advance(this.firstLineEnd, 1);
    if (this.end !== undefined) return this.advance(this.end, 1);
    this.isSkipping = true;
    this.found = undefined;
  }

  private look(): RawRecord | undefined {
    for (;;) {
      special.lastIndex = this.at;
      const hit = special.exec(this.text);
      const index = hit?.index ?? this.text.length;
      this.at = index;
      if (index > this.limit) return this.record(this.limit);
      if (!hit) return this.hasEnded && index > 0 ? this.record(index, index) : undefined;
      const length = this.lineEndLength(index);
      if (length === undefined) return undefined;
      this.at = index + length;
      if (hit[0] === '"') this.isQuoted = !this.isQuoted;
      else if (!this.isQuoted) return this.record(index, this.at);
      else this.breakInQuotes();
    }
  }

  private record(until: number, end?: number): RawRecord {
    this.end = end;
    return { line: this.line, text: this.text.slice(0, until), isOverlong: end === undefined, isOpen: end === until };
  }

  private breakInQuotes(): void {
    this.breaks += 1;
    this.firstLineEnd ??= this.at;
  }

  /** Undefined when it takes the next chunk to tell a CR from the half of a CRLF. */
  private lineEndLength(index: number): number | undefined {
    if (this.text[index] !== '\r') return 1;
    if (index + 1 === this.text.length && !this.hasEnded) return undefined;
    return this.text[index + 1] === '\n' ? 2 : 1;
  }

  private skipToLineEnd(): boolean {
    lineEnd.lastIndex = 0;
    const hit = lineEnd.exec(this.text);
    const isHalf = hit?.[0] === '\r' && lineEnd.lastIndex === this.text.length && !this.hasEnded;
    if (!hit || isHalf) {
      this.text = isHalf ? '\r' : '';
      return false;
    }
    this.isSkipping = false;
    this.advance(lineEnd.lastIndex, 1);
    return true;
  }

  private advance(to: number, lines: number): void {
    this.text = this.text.slice(to);
    this.line += lines;
    this.at = 0;
    this.isQuoted = false;
    this.breaks = 0;
    this.firstLineEnd = undefined;
    this.end = undefined;
    this.found = undefined;
  }
}
