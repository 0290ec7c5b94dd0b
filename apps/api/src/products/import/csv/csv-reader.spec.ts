import { CsvReader, MAX_RECORD_LENGTH, isBroken, type BrokenRow, type CsvRow } from './csv-reader.js';

async function* pieces(text: string, size: number): AsyncGenerator<string> {
  for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
}

const known = new Set(['sku', 'name', 'price']);

async function read(text: string, size = 1000): Promise<{ reader: CsvReader; header: unknown; rows: (CsvRow | BrokenRow)[] }> {
  const reader = new CsvReader(pieces(text, size));
  const header = await reader.readHeader((name) => known.has(name));
  const rows: (CsvRow | BrokenRow)[] = [];
  for await (const row of reader.rows()) rows.push(row);
  return { reader, header, rows };
}

const brief = (rows: readonly (CsvRow | BrokenRow)[]): unknown[] =>
  rows.map((row) => (isBroken(row) ? [row.line, `! ${row.fault.slice(0, 24)}`] : [row.line, ...row.fields]));

describe('CsvReader', () => {
  it.each([1, 5, 1000])('reads quoted fields, doubled quotes and white space around fields, in pieces of %i', async (size) => {
    const { header, rows } = await read('sku,name\n A1 , "a ""b"", c" \n"B\n2",  x\n', size);
    expect(header).toEqual({ line: 1, fields: ['sku', 'name'] });
    expect(brief(rows)).toEqual([
      [2, 'A1', 'a "b", c'],
      [3, 'B\n2', 'x'],
    ]);
  });

  it.each([
    [';', 'sku;name;price\nA;x, y;1,5', ['A', 'x, y', '1,5']],
    ['\t', 'sku\tname\tprice\nA\tx\t1', ['A', 'x', '1']],
    [',', 'sku,"name; long; with; marks"\nA,x', ['A', 'x']],
  ])('finds that %j separates the fields', async (delimiter, text, fields) => {
    const { reader, rows } = await read(text);
    expect(reader.delimiter).toBe(delimiter);
    expect(rows).toEqual([{ line: 2, fields }]);
  });

  it('skips blank lines and lines of delimiters alone, and counts them', async () => {
    expect(brief((await read('\n\nsku,name\n\n,,\n  \nA,x\n')).rows)).toEqual([[7, 'A', 'x']]);
  });

  it('has no header in a file of white space', async () => {
    expect(await read(' \n\r\n ')).toMatchObject({ header: undefined, rows: [] });
  });

  it('takes rows that are too short and rows whose fields too many are empty', async () => {
    expect(brief((await read('sku,name,price\nA,x\nB,y,1,,\n')).rows)).toEqual([
      [2, 'A', 'x'],
      [3, 'B', 'y', '1', '', ''],
    ]);
  });

  it('refuses a row with more fields than the header, as a comma outside quotes makes it', async () => {
    expect((await read('sku,name\nA,red, large\nB,y\n')).rows).toEqual([
      { line: 2, column: undefined, fault: '3 fields under a header of 2; a field that holds a "," stands in quotes' },
      { line: 3, fields: ['B', 'y'] },
    ]);
  });

  it('refuses a last row that ends before its fields do, as that of a file cut in two', async () => {
    expect((await read('sku,name,price\nA,x,1\nB,som')).rows.at(-1)).toEqual({
      line: 3,
      column: 1,
      fault: 'the file ends within this row, at field 2 of 3',
    });
    expect((await read('sku,name,price\nA,x,1\nB,some,2')).rows.at(-1)).toEqual({ line: 3, fields: ['B', 'some', '2'] });
  });

  it('loses one line, and no more, to a quote too many', async () => {
    const { rows } = await read('sku,name\nA,6" nails\nB,"ok"\nC,"open\nD,d\nE,"e"\nF,"f" g\nG,g\n');
    expect(brief(rows)).toEqual([
      [2, '! a quote in a field that '],
      [3, 'B', 'ok'],
      [4, '! the quotes that open her'],
      [5, 'D', 'd'],
      [6, 'E', 'e'],
      [7, '! text after the quotes th'],
      [8, 'G', 'g'],
    ]);
  });

  it('names the column of a broken field by its place', async () => {
    expect((await read('sku,name\nA,6" nails\n')).rows).toMatchObject([{ line: 2, column: 1 }]);
  });

  it('says that quotes are still open at the end of the file', async () => {
    const { rows } = await read('sku,name\nA,"open\nB,b\n');
    expect(brief(rows)).toEqual([
      [2, '! the quotes that open her'],
      [3, 'B', 'b'],
    ]);
  });

  it('refuses a row that is longer than a row may be, and reads on after it', async () => {
    const { rows } = await read(`sku,name\nA,${'x'.repeat(MAX_RECORD_LENGTH)}\nB,b\nC,"${'y'.repeat(MAX_RECORD_LENGTH)}`, 65_536);
    expect(brief(rows)).toEqual([
      [2, '! the row is longer than 1'],
      [3, 'B', 'b'],
      [4, '! the quotes that open her'],
    ]);
  });

  it('passes on what ends the text early, after the rows before it', async () => {
    async function* torn(): AsyncGenerator<string> {
      yield 'sku,name\nA,x\nB,half';
      throw new Error('torn');
    }
    const reader = new CsvReader(torn());
    await reader.readHeader(() => true);
    const rows: unknown[] = [];
    await expect(async () => {
      for await (const row of reader.rows()) rows.push(row);
    }).rejects.toThrow('torn');
    expect(rows).toEqual([{ line: 2, fields: ['A', 'x'] }]);
  });
});
