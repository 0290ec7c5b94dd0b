import { startTestApp, type Json, type TestApp } from './app.harness.js';
import { addEveryKind, edits, misspellings, type Misspelling } from './typos.fixture.js';

/** One misspelling for each; a quarter of each kind of edit. */
const cases = 240;

let app: TestApp;
let nouns: string[];
let labelled: Misspelling[];
beforeAll(async () => {
  app = await startTestApp();
  nouns = await addEveryKind(app);
  const words = await app.query<{ word: string }>('SELECT word FROM search_terms');
  labelled = misspellings(nouns, new Set(words.map(({ word }) => word)), cases);
}, 120_000);
afterAll(() => app.close());

const search = async (query: string): Promise<Json> => (await app.post('/products/search', { query })).body;
const showsKind = ({ products }: Json, noun: string): boolean =>
  products.some((row: Json) => (row['name'] as string).toLowerCase().includes(noun.toLowerCase()));

describe('misspelt names', () => {
  it('are over 200 different ones, of all four kinds of edits', () => {
    expect(new Set(labelled.map(({ query }) => query)).size).toBeGreaterThan(200);
    for (const edit of edits) expect(labelled.filter((one) => one.edit === edit)).toHaveLength(cases / edits.length);
  });

  it('find the kind of product on the first page, nine times of ten and more, whatever the edit', async () => {
    const missed: Misspelling[] = [];
    for (const one of labelled) if (!showsKind(await search(one.query), one.noun)) missed.push(one);
    const missedOf = (edit: string): Misspelling[] => missed.filter((one) => one.edit === edit);
    // Of each kind of edit no more than a tenth; what was missed is told.
    expect(edits.map(missedOf).filter((some) => some.length > cases / edits.length / 10)).toEqual([]);
  }, 120_000);

  it('cost the words that are right nothing: each noun is found in one statement', async () => {
    const wrong: unknown[] = [];
    for (const noun of nouns.filter((_, index) => index % 20 === 0)) {
      const { count, result } = await app.queriesOf(() => search(noun));
      if (count !== 1 || !showsKind(result, noun) || 'corrected_query' in result) wrong.push([noun, count, result['corrected_query']]);
    }
    expect(wrong).toEqual([]);
  });
});
