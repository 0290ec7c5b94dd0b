import { slugify, slugPattern } from './slug.js';

describe('slugify', () => {
  it.each([
    ['6" x 9" Car Speakers & More!', '6-x-9-car-speakers-more'],
    ["Kids' Crème brûlée", 'kids-creme-brulee'],
    ['Großer Łódź Øl', 'grosser-lodz-ol'],
    ['日本語', 'thing'],
    [' -- ', 'thing'],
  ])('makes of %s the slug %s', (name, slug) => {
    expect(slugify(name, 100, 'thing')).toBe(slug);
    expect(slug).toMatch(slugPattern);
  });

  it('never ends in a hyphen where it is cut', () => {
    expect(slugify('one two three', 8, 'thing')).toBe('one-two');
  });
});
