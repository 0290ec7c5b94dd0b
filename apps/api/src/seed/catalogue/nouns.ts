/** Sold in the plural, or singular in spite of the s. */
const unchanged = new Set(
  (
    '2-in-1s access binoculars effects electronics fitness gps headphones lens optics parts plus props ps scissors ' +
    'series services skates stylus supplies wireless glasses sunglasses accessories chorus diagnostics'
  ).split(' '),
);
const irregular: Readonly<Record<string, string>> = {
  mice: 'mouse',
  lenses: 'lens',
  movies: 'movie',
  batteries: 'battery',
  knives: 'knife',
};

function singular(word: string): string {
  const lower = word.toLowerCase();
  const known = irregular[lower];
  if (known) return word.charAt(0) + known.slice(1);
  if (unchanged.has(lower) || !/[a-zA-Z]s$/.test(word) || word.endsWith('ss')) return word;
  if (word.endsWith('ies')) return `${word.slice(0, -3)}y`;
  if (/(ch|sh|x|ss|zz)es$/.test(word)) return word.slice(0, -2);
  return word.slice(0, -1);
}

const splitLast = (phrase: string): [string, string] => {
  const space = phrase.lastIndexOf(' ');
  return [phrase.slice(0, space + 1), phrase.slice(space + 1)];
};

/**
 * The nouns of a category's name: "Blu-ray & DVD Players" gives "Blu-ray Player" and "DVD Player". A part in the singular before
 * a plural shares the plural's last word.
 */
export function nounsOf(categoryName: string): string[] {
  const parts = categoryName
    .replace(/^(All|More|Other) /, '')
    .split(/\s*(?:,\s*(?:& )?|\s& |\sand |(?<=\w{3})\/(?=\w{3}))\s*/)
    .filter((part) => part !== '');
  let head = '';
  const nouns = parts.toReversed().map((part) => {
    const [before, last] = splitLast(part);
    const isPlural = singular(last) !== last || /[a-rt-z]s$/.test(last);
    if (isPlural) head = singular(last);
    return isPlural || head === '' ? before + singular(last) : `${part} ${head}`;
  });
  const named = nouns.toReversed().filter((noun) => noun !== 'Accessories');
  return named.length > 0 ? named : [categoryName];
}
