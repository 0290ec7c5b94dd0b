import { slugOf } from './slug.js';

describe('slugOf', () => {
  it.each([
    ['Five Headphones, compared', 'five-headphones-compared'],
    ['  ¿Así suena?  ', 'asi-suena'],
    ['İstanbul & Ærø: ﬁne', 'istanbul-ærø-fine'],
    ['手机 指南', '手机-指南'],
    ['한국어', '한국어'],
    ['!!! 🎧', ''],
  ])('makes %j %j', (title, slug) => expect(slugOf(title, 80)).toBe(slug));

  it('cuts by characters and leaves no dash at the end', () => {
    expect(slugOf('abc def', 4)).toBe('abc');
    expect(slugOf('𝟘𝟙𐐷𐐷𐐷', 3)).toBe('01𐐷'.toLowerCase());
    expect(slugOf('𐐨'.repeat(300), 199)).toHaveLength(398);
  });

  it('is its own slug', () => {
    const once = slugOf('Ganz schön groß – 15" Laptops', 80);
    expect(slugOf(once, 80)).toBe(once);
  });
});
