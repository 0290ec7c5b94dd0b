import { checkCells, type CellName } from './product-draft.js';

type Cells = Partial<Record<CellName, string>>;
const good: Cells = { sku: 'A-1', name: 'Lamp', price: '12.99', stock_quantity: '3', category: 'Lamps' };
const check = (cells: Cells) => checkCells({ line: 2, cells: { ...good, ...cells } });

/** The faults as `column: message`. */
function faultsOf(cells: Cells): string[] {
  const checked = check(cells);
  return Array.isArray(checked) ? checked.map(({ column, message }) => `${column}: ${message}`) : [];
}

function valuesOf(cells: Cells): Record<string, unknown> {
  const checked = check(cells);
  if (Array.isArray(checked)) throw new Error(JSON.stringify(checked));
  return checked.values;
}

describe('checkCells', () => {
  it('gives a draft, amounts as text, and what the file does not have left out', () => {
    expect(check({})).toEqual({
      line: 2,
      values: { sku: 'A-1', name: 'Lamp', price: '12.99', stock_quantity: 3 },
      category: { id: undefined, text: 'Lamps', type: undefined },
    });
  });

  it('takes empty cells for none', () => {
    const cells = { slug: '', description: '', sale_price: '', brand: '', weight: '', is_active: '', image_url: '' };
    expect(valuesOf(cells)).toMatchObject({ slug: null, description: null, sale_price: null, brand: null, weight: null, is_active: null });
  });

  it.each([
    ['12', '12'],
    ['12.9', '12.9'],
    ['12,99', '12.99'],
    ['12.9900', '12.9900'],
    ['0', '0'],
    ['99999999.99', '99999999.99'],
  ])('takes the amount %s', (written, price) => {
    expect(valuesOf({ price: written })['price']).toBe(price);
  });

  // Whoever separates thousands must not sell for a thousandth.
  it.each(['1.200', '1,200', '1,234.50', '12.999', '-1', '€12', '12 €', '1e3', '123456789', 'abc', '0x10'])(
    'refuses the amount %s',
    (price) => {
      expect(faultsOf({ price })).toEqual([
        'price: must be an amount such as 12.99: at most two decimals, no currency, no thousands separator',
      ]);
    },
  );

  it.each([
    ['true', true],
    ['TRUE', true],
    ['Yes', true],
    ['1', true],
    ['f', false],
    ['no', false],
    ['0', false],
  ])('takes %s for a truth value', (written, expected) => {
    expect(valuesOf({ is_active: written })['is_active']).toBe(expected);
  });

  it('names every column that is wrong', () => {
    const cells = { sku: '', price: 'x', stock_quantity: '-1', is_active: 'maybe', slug: 'No Slug', image_url: 'ftp://x', weight: 'heavy' };
    expect(faultsOf(cells).map((fault) => fault.split(':', 1)[0])).toEqual([
      'sku',
      'slug',
      'price',
      'stock_quantity',
      'weight',
      'image_url',
      'is_active',
    ]);
  });

  it.each([
    ['a SKU that is missing', { sku: '' }, 'sku: is required'],
    ['a stock that is missing', { stock_quantity: '' }, 'stock_quantity: is required'],
    [
      'a stock that leaves no room for returns',
      { stock_quantity: '1000000001' },
      'stock_quantity: Too big: expected number to be <=1000000000',
    ],
    ['a sale price above the price', { sale_price: '13' }, 'sale_price: must not be above the price'],
    ['control characters', { name: 'a\u0000b' }, 'name: must not contain control characters'],
    ['control characters in an address', { image_url: 'https://x.test/\u0000' }, 'image_url: must not contain control characters'],
    ['half of a character', { brand: '\ud800' }, 'brand: must be valid Unicode'],
    ['no category at all', { category: '' }, 'category: is required'],
    ['an id of a category that is none', { category_id: '1.5' }, 'category_id: must be the id of a category'],
  ])('refuses %s', (_, cells: Cells, fault) => {
    expect(faultsOf(cells)).toEqual([fault]);
  });

  it('compares sale price and price by value', () => {
    expect(valuesOf({ price: '9,5', sale_price: '9.50' })).toMatchObject({ price: '9.5', sale_price: '9.50' });
  });
});
