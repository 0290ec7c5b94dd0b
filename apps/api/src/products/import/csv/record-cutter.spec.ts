import { RecordCutter } from './record-cutter.js';

/** All records of a text that comes in pieces of `size` characters, each as `line:text`. */
function cut(text: string, size: number, limit = 1000): string[] {
  const cutter = new RecordCutter(limit);
  const records: string[] = [];
  const takeAll = (): void => {
    for (let record = cutter.peek(); record; record = cutter.peek()) {
      records.push(`${record.line}:${record.text}`);
      cutter.take();
    }
  };
  for (let at = 0; at < text.length; at += size) {
    cutter.push(text.slice(at, at + size));
    takeAll();
  }
  cutter.finish();
  takeAll();
  return records;
}

const sizes = [1, 2, 3, 7, 1000];

describe('RecordCutter', () => {
  it.each(sizes)('cuts at LF, CRLF and CR, mixed, in pieces of %i', (size) => {
    expect(cut('a\nb\r\nc\rd', size)).toEqual(['1:a', '2:b', '3:c', '4:d']);
  });

  it.each(sizes)('keeps line ends within quotes and counts them, in pieces of %i', (size) => {
    expect(cut('"a\r\nb\rc\n""d""",x\ny', size)).toEqual(['1:"a\r\nb\rc\n""d""",x', '5:y']);
  });

  it.each(sizes)('gives blank lines as records without text, in pieces of %i', (size) => {
    expect(cut('a\n\r\nb\n', size)).toEqual(['1:a', '2:', '3:b']);
  });

  it('tells a last record without a line end from one with it', () => {
    const cutter = new RecordCutter(100);
    cutter.push('a\nb');
    expect(cutter.peek()).toEqual({ line: 1, text: 'a', isOverlong: false, isOpen: false });
    cutter.take();
    expect(cutter.peek()).toBeUndefined();
    cutter.finish();
    expect(cutter.peek()).toEqual({ line: 2, text: 'b', isOverlong: false, isOpen: true });
  });

  it('gives the same record until it is taken', () => {
    const cutter = new RecordCutter(100);
    cutter.push('a\nb\n');
    expect([cutter.peek()?.text, cutter.peek()?.text]).toEqual(['a', 'a']);
  });

  it('goes on at the second line of a record that is taken by its first', () => {
    const cutter = new RecordCutter(100);
    cutter.push('x,"open\nnext,1\nend"\n');
    expect(cutter.peek()?.text).toBe('x,"open\nnext,1\nend"');
    cutter.takeFirstLine();
    expect(cutter.peek()).toMatchObject({ line: 2, text: 'next,1' });
  });

  it.each(sizes)('cuts what is longer than the limit and skips it, in pieces of %i', (size) => {
    const cutter = new RecordCutter(10);
    const text = `${'x'.repeat(50)}\nshort\n`;
    const found: unknown[] = [];
    for (let at = 0; at < text.length; at += size) {
      cutter.push(text.slice(at, at + size));
      for (let record = cutter.peek(); record; record = cutter.peek()) {
        found.push([record.line, record.text, record.isOverlong]);
        if (record.isOverlong) cutter.takeFirstLine();
        else cutter.take();
      }
    }
    expect(found).toEqual([
      [1, 'x'.repeat(10), true],
      [2, 'short', false],
    ]);
  });

  it('holds no more than one record and one piece, however long the file', () => {
    const cutter = new RecordCutter(1000);
    for (let count = 0; count < 1000; count += 1) {
      cutter.push('0123456789\n'.repeat(100));
      for (let record = cutter.peek(); record; record = cutter.peek()) cutter.take();
    }
    expect(JSON.stringify(cutter).length).toBeLessThan(3000);
  });
});
