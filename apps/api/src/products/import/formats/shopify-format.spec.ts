import { detectFormat } from './detect-format.js';
import type { ProductCells } from './product-draft.js';
import type { Remark } from './product-format.js';

type Row = Readonly<Record<string, string>>;
interface Output {
  readonly products: ProductCells[];
  readonly failures: Remark[];
  readonly warnings: Remark[];
}

/** What the rows give, the first of them on line 2. */
function read(rows: readonly Row[], columns: readonly string[] = ['Handle', 'Title', 'Variant Price']): Output {
  const titles = [...new Set([...columns, ...rows.flatMap((row) => Object.keys(row))])];
  const { format } = detectFormat(titles);
  const outputs = rows.map((row, index) => format.add({ line: index + 2, fields: titles.map((title) => row[title] ?? '') }));
  const all = [...outputs, format.finish()];
  return {
    products: all.flatMap((output) => output.products),
    failures: all.flatMap((output) => output.failures ?? []),
    warnings: all.flatMap((output) => output.warnings ?? []),
  };
}

const cellsOf = (rows: readonly Row[]): ProductCells['cells'][] => read(rows).products.map(({ cells }) => cells);
const shirt = { Handle: 'shirt', Title: 'Shirt', 'Variant Price': '20' };

describe('the format of Shopify', () => {
  it('makes a product of each variant, and of each what only the first row says', () => {
    const rows = [
      {
        ...shirt,
        Vendor: 'Acme',
        Type: 'Shirts',
        'Option1 Value': 'Red',
        'Option2 Value': 'S',
        'Variant SKU': 'S-1',
        'Image Src': 'https://x.test/1',
      },
      { Handle: 'shirt', 'Option1 Value': 'Blue', 'Option2 Value': 'M', 'Variant Price': '21', 'Variant Image': 'https://x.test/3' },
      { Handle: 'shirt', 'Image Src': 'https://x.test/2' },
    ];
    const { products, failures, warnings } = read(rows);
    expect([failures, warnings]).toEqual([[], []]);
    expect(products).toEqual([
      {
        line: 2,
        type: { name: 'Shirts', path: undefined },
        cells: {
          name: 'Shirt - Red / S',
          slug: 'shirt-red-s',
          sku: 'S-1',
          price: '20',
          sale_price: '',
          brand: 'Acme',
          image_url: 'https://x.test/1',
        },
      },
      {
        line: 3,
        type: { name: 'Shirts', path: undefined },
        cells: {
          name: 'Shirt - Blue / M',
          slug: 'shirt-blue-m',
          sku: 'shirt-blue-m',
          price: '21',
          sale_price: '',
          brand: 'Acme',
          image_url: 'https://x.test/3',
        },
      },
    ]);
  });

  it('leaves the title alone when there is one variant only', () => {
    expect(cellsOf([{ ...shirt, 'Option1 Value': 'Default Title' }])).toMatchObject([{ name: 'Shirt', slug: 'shirt' }]);
  });

  it('takes the image that stands first, wherever its row is', () => {
    const rows = [
      { ...shirt, 'Image Src': '//cdn.test/b', 'Image Position': '2' },
      { Handle: 'shirt', 'Image Src': '//cdn.test/a', 'Image Position': '1' },
    ];
    expect(cellsOf(rows)).toMatchObject([{ image_url: 'https://cdn.test/a' }]);
  });

  it.each([
    ['20', '30', '30', '20'],
    ['20', '', '20', ''],
    ['20', '20.00', '20', ''],
    ['20', '0', '20', ''],
  ])('reads %s, compared at %j, as price %s and sale price %j', (price, compareAt, expected, sale) => {
    const cells = cellsOf([{ ...shirt, 'Variant Price': price, 'Variant Compare At Price': compareAt }]);
    expect(cells).toMatchObject([{ price: expected, sale_price: sale }]);
  });

  it.each([
    ['<p>Soft &amp; <b>warm</b></p><ul><li>one</li><li>two</li></ul>', 'Soft & warm\n\n * one\n * two'],
    ['Plain text', 'Plain text'],
    ['<script>alert(1)</script><img src="x">', ''],
  ])('keeps the text of %j', (html, text) => {
    expect(cellsOf([{ ...shirt, 'Body (HTML)': html }])[0]?.description).toBe(text);
  });

  it.each([
    ['active', 'true', 'true'],
    ['', 'TRUE', 'true'],
    ['draft', 'true', 'false'],
    ['archived', 'true', 'false'],
    ['active', 'false', 'false'],
  ])('sells what is %j and published %j: %s', (status, published, isActive) => {
    expect(cellsOf([{ ...shirt, Status: status, Published: published }])).toMatchObject([{ is_active: isActive }]);
  });

  it('says nothing of columns that the file does not have', () => {
    expect(Object.keys(cellsOf([shirt])[0] ?? {}).toSorted()).toEqual(['name', 'price', 'sale_price', 'sku', 'slug']);
  });

  it('takes an unknown or negative stock for none, and says so', () => {
    const rows = [
      { ...shirt, 'Variant Inventory Qty': '-3' },
      { ...shirt, Handle: 'hat', 'Variant Inventory Qty': '' },
    ];
    const { products, warnings } = read(rows);
    expect(products.map(({ cells }) => cells.stock_quantity)).toEqual(['0', '0']);
    expect(warnings).toEqual([
      { line: 2, column: 'Variant Inventory Qty', message: '-3 is less than none; taken as 0' },
      { line: 3, column: 'Variant Inventory Qty', message: 'no quantity is told; taken as 0' },
    ]);
  });

  it.each([
    ['0', ''],
    ['', ''],
    ['28', '0.03'],
    ['2', '0.01'],
    ['1500', '1.50'],
    ['heavy', 'heavy'],
  ])('turns %j grams into %j kilograms', (grams, weight) => {
    expect(cellsOf([{ ...shirt, 'Variant Grams': grams }])).toMatchObject([{ weight }]);
  });

  it('takes the type, or else the leaf of the product category, for the category', () => {
    const types = [
      { ...shirt, Type: 'Tops', 'Product Category': 'Apparel > Shirts' },
      { ...shirt, Handle: 'b', Type: '', 'Product Category': 'Apparel > Shirts' },
      { ...shirt, Handle: 'c' },
    ];
    expect(read(types).products.map(({ type }) => type)).toEqual([
      { name: 'Tops', path: undefined },
      { name: 'Shirts', path: 'Apparel > Shirts' },
      { name: '', path: undefined },
    ]);
  });

  it('refuses rows without a handle, rows that stand apart, and a price to compare with that is none', () => {
    const rows = [
      shirt,
      { Handle: 'hat', Title: 'Hat', 'Variant Price': '5' },
      { Handle: 'shirt', 'Option1 Value': 'Red', 'Variant Price': '1' },
    ];
    expect(read([...rows, { Title: 'Lost', 'Variant Price': '1' }]).failures).toEqual([
      { line: 4, column: 'Title', message: 'the rows of "shirt" do not stand together' },
      { line: 5, column: 'Handle', message: 'is required' },
    ]);
    expect(read([{ ...shirt, 'Variant Compare At Price': 'much' }]).failures).toEqual([
      { line: 2, column: 'Variant Compare At Price', message: 'must be an amount such as 12.99' },
    ]);
  });

  it('only warns of an image whose product is elsewhere', () => {
    const { products, failures, warnings } = read([shirt, { Handle: 'hat', 'Image Src': 'https://x.test/1' }]);
    expect([products.length, failures, warnings.length]).toEqual([1, [], 1]);
  });

  it('tells handles apart that no slug can hold, the same way every time', () => {
    const handles = ['シャツ', '帽子', 'x'.repeat(300), `${'x'.repeat(300)}y`];
    const slugs = cellsOf(handles.map((Handle) => ({ ...shirt, Handle }))).map(({ slug }) => slug);
    expect(new Set(slugs).size).toBe(4);
    expect(slugs.every((slug) => slug !== undefined && slug.length <= 200 && /^[a-z0-9]+(-[a-z0-9]+)*$/.test(slug))).toBe(true);
    expect(cellsOf(handles.map((Handle) => ({ ...shirt, Handle }))).map(({ slug }) => slug)).toEqual(slugs);
  });

  it('makes a SKU of 50 characters at most, and takes away what a spreadsheet put before a number', () => {
    const cells = cellsOf([
      { ...shirt, Handle: 'h'.repeat(80) },
      { ...shirt, 'Variant SKU': "'00123" },
    ]);
    expect([cells[0]?.sku?.length, cells[1]?.sku]).toEqual([50, '00123']);
  });

  it('holds no more rows of one product than Shopify writes', () => {
    const rows = Array.from({ length: 2502 }, (_, index) => ({ Handle: 'shirt', Title: index === 0 ? 'Shirt' : '', 'Variant Price': '1' }));
    const { products, failures } = read(rows);
    expect([products.length, failures.length]).toEqual([2500, 2]);
  });
});
