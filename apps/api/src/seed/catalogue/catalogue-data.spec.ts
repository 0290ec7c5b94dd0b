import { kindsOf, parseCategories, readCatalogueData, slugify } from './catalogue-data.js';
import { departments } from './departments.js';

const tsv =
  'id\tparent_id\tname\nx9\t\tAudio\nb1\tx9\tStudio  Headphones\nc7\t\tMovies & Music\nd2\tc7\tLatin\ne3\tc7\tWorld\nf4\te3\tLatin\n';

describe('parseCategories', () => {
  it('numbers the rows in the order of the file and keeps the tree', () => {
    const rows = parseCategories(tsv);
    expect(rows.map((row) => [row.id, row.parentId, row.name, row.path])).toEqual([
      [1, null, 'Audio', [1]],
      [2, 1, 'Studio Headphones', [1, 2]],
      [3, null, 'Movies & Music', [3]],
      [4, 3, 'Latin', [3, 4]],
      [5, 3, 'World', [3, 5]],
      [6, 5, 'Latin', [3, 5, 6]],
    ]);
  });

  it('gives a repeated name the slug of its parent and its own', () => {
    expect(parseCategories(tsv).map((row) => row.slug)).toEqual([
      'audio',
      'studio-headphones',
      'movies-music',
      'latin',
      'world',
      'world-latin',
    ]);
  });
});

describe('kindsOf', () => {
  it('sells things in leaves only, and names those of genres after what they are sold as', () => {
    expect(kindsOf(parseCategories(tsv)).map((kind) => [kind.categoryId, kind.nouns])).toEqual([
      [2, ['Studio Headphones']],
      [6, ['Latin Collection']],
      [4, ['Latin Collection']],
    ]);
  });

  it('refuses a tree it has no department for', () => {
    expect(() => kindsOf(parseCategories('id\tparent_id\tname\na\t\tGroceries\n'))).toThrow('"Groceries" belongs to no department');
  });
});

describe('the data files', () => {
  it('hold the whole tree and all brands, with a slug of its own for each category', async () => {
    const { categories, kinds, brands } = await readCatalogueData();
    expect([categories.length, kinds.length, brands.length]).toEqual([2513, 2029, 177]);
    expect(new Set(categories.map((row) => row.slug)).size).toBe(2513);
    expect(categories.every((row) => row.parentId === null || row.parentId < row.id)).toBe(true);
  });

  it('know every brand of the departments', async () => {
    const { brands } = await readCatalogueData();
    const unknown = Object.values(departments).flatMap((department) => department.brands.filter((brand) => !brands.includes(brand)));
    expect(unknown).toEqual([]);
  });
});

describe('slugify', () => {
  it('keeps letters and digits, joined by single hyphens', () => {
    expect(slugify(' 6" x 9" Car Speakers & More! ')).toBe('6-x-9-car-speakers-more');
  });
});
