import { detectFormat, isKnownColumn } from './detect-format.js';

const header = ['sku', 'name', 'price', 'stock_quantity', 'category'];

describe('detectFormat', () => {
  it('takes our columns in any order and spelling, and tells what it does not know', () => {
    const { format, unknown } = detectFormat(['Category', 'Notes', 'PRICE', 'Stock Quantity', 'name', 'SKU', 'id']);
    expect([format.name, unknown, [...format.sets].toSorted()]).toEqual(['techmart', ['Notes'], header.toSorted()]);
  });

  it('knows a file of Shopify by its handle', () => {
    expect(detectFormat(['Handle', 'Title', 'Variant Price']).format.name).toBe('shopify');
    expect(detectFormat(['Title', 'URL handle', 'Price']).format.name).toBe('shopify');
  });

  it('takes an id of the category in place of its name', () => {
    expect(detectFormat(['sku', 'name', 'price', 'stock_quantity', 'category_id']).format.name).toBe('techmart');
  });

  it.each([
    [
      ['sku', 'name'],
      ['price', 'stock_quantity', 'category'],
    ],
    [
      ['first name', 'last name'],
      ['sku', 'name', 'price', 'stock_quantity', 'category'],
    ],
    [
      ['Handle', 'Option1 Value'],
      ['Title', 'Variant Price'],
    ],
  ])('names the columns that %j lacks', (columns, missing) => {
    expect(() => detectFormat(columns)).toThrow(
      expect.objectContaining({ code: 'missing-columns', extensions: { missing_columns: missing } }),
    );
  });

  it('refuses a column that is there twice', () => {
    expect(() => detectFormat([...header, 'SKU'])).toThrow(expect.objectContaining({ code: 'duplicate-columns', status: 400 }));
  });

  it('knows the columns of both formats', () => {
    expect(['Stock quantity', 'Body (HTML)', 'Colour'].map(isKnownColumn)).toEqual([true, true, false]);
  });
});

describe('our own format', () => {
  it('gives a product for each row, with what the file has columns for', () => {
    const { format } = detectFormat([...header, 'brand']);
    expect(format.add({ line: 7, fields: ["'=A1", "'Lamp'", '1', '2', 'Lamps'] })).toEqual({
      products: [{ line: 7, cells: { sku: '=A1', name: "'Lamp'", price: '1', stock_quantity: '2', category: 'Lamps', brand: '' } }],
    });
    expect(format.finish()).toEqual({ products: [] });
  });

  it('calls columns as the file does', () => {
    const { format } = detectFormat(['SKU', 'Name', 'Price', 'Stock Quantity', 'Category']);
    expect([format.title('stock_quantity'), format.title('brand'), format.title(undefined)]).toEqual(['Stock Quantity', null, null]);
  });
});
