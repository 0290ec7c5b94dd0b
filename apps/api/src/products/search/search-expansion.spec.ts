import { Parameters } from './search-conditions.js';
import { expansionOf, type Candidates } from './search-expansion.js';
import { parseSearchText } from './search-text.js';

const candidates = (known: Record<string, Record<string, number>>): Candidates =>
  new Map(
    Object.entries(known).map(([word, terms]) => [
      word,
      Object.entries(terms).map(([near, document_count]) => ({ word: near, document_count })),
    ]),
  );

/** What an expansion writes: corrected text, the tsquery and its parameters. */
function expanded(query: string, known: Record<string, Record<string, number>>) {
  const expansion = expansionOf(parseSearchText(query).chunks, candidates(known));
  if (!expansion) return undefined;
  const parameters = new Parameters();
  const sql = expansion.words(parameters);
  return { corrected: expansion.corrected, values: parameters.values, sql };
}

describe('expansionOf', () => {
  it('has for every word what it may stand for', () => {
    const found = expanded('Wirelss Phone', { wirelss: { wireless: 9 }, phone: { phone: 1, headphones: 4 } });
    expect(found?.corrected).toBe('wireless phone');
    expect(found?.values).toEqual([`'wireless'`, `'phone' | 'headphones'`]);
    expect(found?.sql).toContain(' && ');
  });

  it('leaves out the words that say nothing', () => {
    expect(expanded('the lapm of', { lapm: { lamp: 1 } })).toMatchObject({ corrected: 'the lamp of', values: [`'lamp'`] });
    expect(expanded('of the', {})).toBeUndefined();
    expect(expanded('', {})).toBeUndefined();
  });

  it('corrects nothing when the words stand for themselves alone, and gives up on one that is like no other', () => {
    expect(expanded('blue lamp', { blue: { blue: 3 }, lamp: { lamp: 2 } })).toBeUndefined();
    expect(expanded('lapm qqxxzz', { lapm: { lamp: 1 }, qqxxzz: {} })).toBeUndefined();
  });

  it('takes what is joined also as it is typed', () => {
    const found = expanded('A/V cabel', { v: {}, cabel: { cable: 1 } });
    expect(found).toMatchObject({ corrected: 'a v cable', values: [`'v'`, 'A/V', `'cable'`] });
    const parts = expanded('bu-ray', { bu: { blu: 2 }, ray: { ray: 2 } });
    expect(parts).toMatchObject({ corrected: undefined, values: [`'bu' | 'blu'`, `'ray'`, 'bu-ray'] });
    expect(parts?.sql).toContain(' || ');
  });

  it('says that nothing was corrected when only longer words were added', () => {
    expect(expanded('plonk', { plonk: { plonk: 1, megaplonk: 1 } })?.corrected).toBeUndefined();
  });
});

describe('parseSearchText', () => {
  it('tears the last word off, and takes accents and case away from the others', () => {
    expect(parseSearchText('Blu-ray  CAFÉ play')).toEqual({
      whole: 'Blu-ray  CAFÉ play',
      head: 'Blu-ray  CAFÉ ',
      tail: 'play',
      chunks: [
        { typed: 'Blu-ray', words: ['blu', 'ray'] },
        { typed: 'CAFÉ', words: ['cafe'] },
        { typed: 'play', words: ['play'] },
      ],
    });
    expect(parseSearchText('what?!')).toMatchObject({ tail: '', chunks: [{ typed: 'what?!', words: ['what'] }] });
    expect(parseSearchText(' - ')).toMatchObject({ tail: '', chunks: [] });
  });

  it('looks at a dozen chunks, however long the query is', () => {
    expect(parseSearchText('a b c d e f g h i j k l m n').chunks).toHaveLength(12);
  });
});
