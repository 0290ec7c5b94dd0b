import type { HeaderSink } from '@app/common';

/**
 * The head of an answer as Node takes it: names, in lower case, and values in turn. An object per answer, as a reply keeps its headers in,
 * costs several times as much to fill and to read.
 */
export class AnswerHead implements HeaderSink {
  readonly lines: (string | number)[] = [];

  /** A second value of the same name replaces the first. */
  header(name: string, value: string | number): void {
    const { lines } = this;
    let at = 0;
    while (at < lines.length && lines[at] !== name) at += 2;
    lines[at] = name;
    lines[at + 1] = value;
  }

  copyTo(sink: HeaderSink): void {
    for (let at = 0; at < this.lines.length; at += 2) sink.header(String(this.lines[at]), this.lines[at + 1] ?? '');
  }
}
