import { mapColumns } from './columns.js';
import { withFormulaMark, withoutFormulaMark } from './formula-mark.js';

describe('mapColumns', () => {
  const names = { sku: 'sku', stockquantity: 'stock' } as const;

  it('compares names by their letters and digits, and keeps how the file writes them', () => {
    const { columns, unknown, duplicates } = mapColumns([' SKU ', 'Notes', 'Stock-Quantity', ''], names);
    expect([...columns]).toEqual([
      ['sku', { index: 0, title: 'SKU' }],
      ['stock', { index: 2, title: 'Stock-Quantity' }],
    ]);
    expect([unknown, duplicates]).toEqual([['Notes'], []]);
  });

  it('names columns that are there twice', () => {
    expect(mapColumns(['sku', 'stock_quantity', 'Stock Quantity'], names).duplicates).toEqual(['Stock Quantity']);
  });

  it('takes no name of every object for a column', () => {
    expect(mapColumns(['constructor', '__proto__'], names).columns.size).toBe(0);
  });
});

describe('the mark before formulas', () => {
  it.each(['=1+1', '+49 30', '-5', '@home', '\tx', '\rx', '\nx', "'=x", "''-x", '＝1'])(
    'is put before %j, and taken away again',
    (text) => {
      expect(withFormulaMark(text)).toBe(`'${text}`);
      expect(withoutFormulaMark(withFormulaMark(text))).toBe(text);
    },
  );

  it.each(['', 'a=b', "'quoted'", "rock 'n' roll", '5-3', ' =1'])('is not put before %j, nor taken from it', (text) => {
    expect(withFormulaMark(text)).toBe(text);
    expect(withoutFormulaMark(text)).toBe(text);
  });
});
