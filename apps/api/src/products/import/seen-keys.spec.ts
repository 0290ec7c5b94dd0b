import { SeenKeys } from './seen-keys.js';
import { slugChoices, slugOfName } from './slug-choice.js';

describe('SeenKeys', () => {
  it('tells on which line a name was first', () => {
    const seen = new SeenKeys();
    expect(['A', 'B', 'A', 'a'].map((name, index) => seen.claim(name, index + 2))).toEqual([undefined, undefined, 2, undefined]);
  });

  it('keeps apart and finds again a hundred thousand', () => {
    const seen = new SeenKeys();
    const names = Array.from({ length: 100_000 }, (_, index) => `SKU-${index}`);
    expect(names.filter((name, index) => seen.claim(name, index + 1) !== undefined)).toEqual([]);
    expect(names.filter((name, index) => seen.claim(name, 0) !== index + 1)).toEqual([]);
  });
});

describe('slugChoices', () => {
  it('offers the slug as it is, with the SKU, and with what only this SKU has', () => {
    expect(slugChoices('lamp', 'AB 12')).toEqual(['lamp', 'lamp-ab-12', expect.stringMatching(/^lamp-[0-9a-f]{12}$/)]);
    expect(slugChoices('lamp', 'AB 12')).toEqual(slugChoices('lamp', 'AB 12'));
    expect(slugChoices('lamp', 'AB 12')[2]).not.toBe(slugChoices('lamp', 'AB-12')[2]);
  });

  it('keeps to 200 characters', () => {
    expect(slugChoices('x'.repeat(200), 'S'.repeat(50)).map((slug) => slug.length)).toEqual([200, 200, 200]);
  });

  it('makes a slug of the name, or else of the SKU', () => {
    expect([slugOfName('Crème brûlée', 'A'), slugOfName('漢字', 'A-1'), slugOfName('漢字', '漢')]).toEqual([
      'creme-brulee',
      'a-1',
      'product',
    ]);
  });
});
