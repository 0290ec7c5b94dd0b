import { Problem } from '@app/common';
import { CategoryDirectory, type CategoryRow } from './category-directory.js';
import { CategoryPlaces, type CategorySource } from './category-places.js';

const rows: CategoryRow[] = [
  { id: 1, name: 'Audio', slug: 'audio', path: 'Audio' },
  { id: 2, name: 'Cars', slug: 'cars', path: 'Cars' },
  { id: 3, name: 'Cables', slug: 'cables', path: 'Audio > Cables' },
  { id: 4, name: 'Cables', slug: 'cables-4', path: 'Cars > Cables' },
  { id: 5, name: 'Home  & Garden', slug: 'home-garden', path: 'Home  & Garden' },
  { id: 6, name: '4', slug: 'four', path: 'Cars > 4' },
];

describe('CategoryDirectory', () => {
  const directory = new CategoryDirectory(rows);

  it.each([
    ['a path', 'Cars > Cables', 4],
    ['a path in any case and spacing', 'cars>CABLES', 4],
    ['a slug', 'cables', 3],
    ['a name that only one has', 'home & garden', 5],
    ['an id', '3', 3],
    ['a name that looks like an id', '4', 6],
  ])('finds by %s', (_, text, id) => {
    expect(directory.find({ text })).toEqual({ id });
  });

  it('does not choose between several of one name', () => {
    const ambiguous = new CategoryDirectory(rows.map((row) => ({ ...row, slug: `slug-${row.id}` })));
    expect(ambiguous.find({ text: 'Cables' })).toEqual({ fault: 'several categories are called "Cables"; write the whole path' });
  });

  it('names what it does not find', () => {
    expect(directory.find({ text: 'Boats' })).toEqual({ fault: 'there is no category "Boats"' });
    expect(directory.find({ id: 99 })).toEqual({ fault: 'there is no category 99' });
    expect(directory.find({})).toEqual({ fault: 'is required' });
  });

  it('wants id and name to be of one category', () => {
    expect(directory.find({ id: 3, text: 'Audio > Cables' })).toEqual({ id: 3 });
    expect(directory.find({ id: 4, text: 'Audio > Cables' })).toEqual({
      fault: '"Audio > Cables" is not category 4; empty one of the two cells',
    });
  });

  it('takes a type to the category of its path, else to the first of its name, else to a new one', () => {
    expect(directory.find({ type: { name: 'x', path: 'Cars > Cables' } })).toEqual({ id: 4 });
    expect(directory.find({ type: { name: 'cables', path: 'Boats > Cables' } })).toEqual({ id: 3 });
    expect(directory.find({ type: { name: 'Boats' } })).toEqual({ toMake: { name: 'Boats' } });
  });
});

describe('CategoryPlaces', () => {
  const type = (name: string) => ({ type: { name } });

  function source(create?: CategorySource['create']): CategorySource & { readonly made: string[] } {
    const made: string[] = [];
    const numbered = (name: string, parentId: number | null): Promise<{ id: number; slug: string }> => {
      made.push(`${parentId} > ${name}`);
      return Promise.resolve({ id: 100 + made.length, slug: name.toLowerCase() });
    };
    return { made, load: () => Promise.resolve([...rows]), create: create ?? numbered };
  }

  it('makes the category of a type once, under "Imported"', async () => {
    const from = source();
    const places = await CategoryPlaces.load(from);
    expect(await places.find(type('Boats'))).toEqual({ id: 102, isDefault: false });
    expect(await places.find(type('boats'))).toEqual({ id: 102, isDefault: false });
    expect(await places.find(type('audio'))).toEqual({ id: 1, isDefault: false });
    expect(from.made).toEqual(['null > Imported', '101 > Boats']);
  });

  it('has "Imported" itself for what has no type, where a known product need not go', async () => {
    const from = source();
    const places = await CategoryPlaces.load(from);
    expect(await places.find(type(''))).toEqual({ id: 101, isDefault: true });
    expect(from.made).toEqual(['null > Imported']);
  });

  it('makes nothing in a dry run, yet says where it would go', async () => {
    const places = await CategoryPlaces.load({ load: () => Promise.resolve([...rows]) });
    const [one, other] = [await places.find(type('Boats')), await places.find(type('Ships'))];
    expect(one).not.toEqual(other);
    expect(await places.find(type('Boats'))).toEqual(one);
  });

  it('takes the one that somebody else has just made', async () => {
    const taken = new Problem(409, 'category-name-taken', 'taken');
    const loads = [rows, [...rows, { id: 50, name: 'Imported', slug: 'imported', path: 'Imported' }]];
    const places = await CategoryPlaces.load({ load: () => Promise.resolve(loads.shift() ?? []), create: () => Promise.reject(taken) });
    expect(await places.find(type(''))).toEqual({ id: 50, isDefault: true });
  });

  it('passes on any other failure', async () => {
    const places = await CategoryPlaces.load(source(() => Promise.reject(new Error('away'))));
    await expect(places.find(type('Boats'))).rejects.toThrow('away');
  });

  it.each([['x'.repeat(101)], ['two\nlines']])('makes no category called %j', async (name) => {
    const places = await CategoryPlaces.load(source());
    expect(await places.find(type(name))).toEqual({ fault: 'cannot be the name of a category: one line of at most 100 characters' });
  });

  it('makes 200 of one file at most', async () => {
    const places = await CategoryPlaces.load(source());
    for (let count = 0; count < 200; count += 1) expect(await places.find(type(`Type ${count}`))).toHaveProperty('id');
    expect(await places.find(type('One more'))).toEqual({ fault: 'more than 200 types that are no categories yet' });
    expect(await places.find(type('Type 7'))).toHaveProperty('id');
  });
});
