import { startTestApp, type Json, type TestApp } from './app.harness.js';
import { addCategory, addProduct, idsOf, searchIds } from './catalogue.fixture.js';

let app: TestApp;
let category: number;
beforeAll(async () => {
  app = await startTestApp();
  category = await addCategory(app);
});
afterAll(() => app.close());

const add = (name: string, fields: Json = {}) => addProduct(app, { name, category_id: category, ...fields });
const find = (query: string, fields: Json = {}) => searchIds(app, { query, ...fields });
const page = async (query: string, fields: Json = {}): Promise<Json> => (await app.post('/products/search', { query, ...fields })).body;

describe('words', () => {
  it('rank the name over the brand over the description, however often it says so', async () => {
    const described = await add('Alpha', { description: 'zorbex zorbex zorbex zorbex, zorbex!' });
    const branded = await add('Beta', { brand: 'Zorbex' });
    const named = await add('Zorbex gamma');
    const rest = await add('Delta', { brand: 'Other', description: 'no such thing' });
    expect(await find('zorbex')).toEqual([named, branded, described]);
    expect(await find('Zorbex', { sort_order: 'asc' })).toEqual([described, branded, named]);
    expect(await find('delta')).toEqual([rest]);
  });

  it('must all occur, in any order and anywhere', async () => {
    const both = await add('Quibble lamp', { brand: 'Nargle' });
    const far = await add('Quibble chair', { description: 'goes well with a nargle' });
    await add('Quibble desk');
    await add('Nargle shelf', { description: 'without the other' });
    expect(await find('quibble nargle')).toEqual([both, far]);
    expect(await find('NARGLE,  quibble!')).toEqual([both, far]);
    expect(await find('nargle quibble lamp')).toEqual([both]);
  });

  it('rank those next to each other in a name over those that are apart', async () => {
    const apart = await add('Fizzle pocket of the long and winding wozzle');
    const together = await add('Fizzle wozzle pocket');
    expect(await find('fizzle wozzle')).toEqual([together, apart]);
  });

  it.each([
    ['Jogging stroller Vimble', ['jog vimble', 'jogs vimble', 'jogged vimble', 'strollers vimble', 'vimble jogging']],
    ['Batteries Vomble', ['battery vomble', 'vomble batteries', 'vomble battery']],
    ['Café crème Vumble', ['cafe vumble', 'vumble creme', 'CAFÉ vumble', 'vumble crèmes']],
    ['Speaker set 5.1 Vamble', ['vamble 5.1', '5.1 vamble', 'set 5.1']],
    ['Blu-ray player Vemble', ['vemble blu-ray', 'blu ray vemble', 'vemble ray']],
    ['Charger AC-12 Vymble', ['vymble ac-12', 'ac-12 vymble']],
  ])('of %s are found in their forms', async (name, queries) => {
    const id = await add(name);
    for (const query of queries) expect([query, await find(query)]).toEqual([query, [id]]);
  });

  it('may leave the last one unfinished, at every letter', async () => {
    const id = await add('Snorkeling binoculars Kwaffle');
    for (const query of ['kwaffle s', 'kwaffle snorkelin', 'kwaffle snorkeling', 'kwaffle bino', 'snorkel kwaf', 'Kwaffle BINOCULAR']) {
      expect([query, await find(query)]).toEqual([query, [id]]);
    }
    expect((await page('snorkel kwaf'))['corrected_query']).toBeUndefined();
  });

  it('that say nothing are left out, and alone find nothing', async () => {
    const id = await add('Grumpkin of the house');
    for (const query of ['the grumpkin', 'grumpkin of', 'a grumpkin for the']) expect([query, await find(query)]).toEqual([query, [id]]);
    for (const query of ['of', 'of the', '...', '!?', ' ', '🎧']) {
      const { products, pagination } = await page(query);
      expect([query, products, pagination.total_count]).toEqual([query, [], 0]);
    }
  });

  it.each([
    `'; DROP TABLE products; --`, 'a & b | !c', 'headphones:*', '<-> foo', '\\', "it's", '"quoted phrase"', '%_%', '((', "l'été", "''", ':*', '\\:A',
    'x'.repeat(200), Array.from({ length: 66 }, (_, index) => `w${index}`).join(' ').slice(0, 200), 'e-mail@example.com http://x.y/z?q=1',
    '東京 ヘッドホン', 'наушники', '\u202Eabc', 'ﬁne', 'İstanbul', 'ß',
  ])('are nothing but words, as in %j', async (query) => {
    const answer = await app.post('/products/search', { query });
    expect([query, answer.status]).toEqual([query, 200]);
  }); // prettier-ignore

  it('go with every filter', async () => {
    const cheap = await add('Trinket wibble', { price: 5, brand: 'Acme', is_featured: true, stock_quantity: 1 });
    const dear = await add('Trinket wibble', { price: 500, sale_price: 400, brand: 'Zenith' });
    expect((await find('wibble')).toSorted((a, b) => a - b)).toEqual([cheap, dear]);
    expect(await find('wibble', { max_price: 5 })).toEqual([cheap]);
    expect(await find('wibble', { min_price: 400, max_price: 400 })).toEqual([dear]);
    expect(await find('wibble', { brand: 'CM' })).toEqual([cheap]);
    expect(await find('wibble', { is_featured: true })).toEqual([cheap]);
    expect(await find('wibble', { in_stock: false })).toEqual([dear]);
    expect(await find('wibble', { category_id: category, sort_by: 'price', sort_order: 'desc' })).toEqual([dear, cheap]);
    expect(await find('wibble', { category_id: 987654321 })).toEqual([]);
    expect(await find('wibble', { min_rating: 1 })).toEqual([]);
  });

  it('are looked for in what is on sale now', async () => {
    const id = await add('Ephemeral doohickey');
    expect(await find('doohickey')).toEqual([id]);
    await app.query(`UPDATE products SET name = 'Ephemeral gizmotron' WHERE id = $1`, [id]);
    expect([await find('doohickey'), await find('gizmotron')]).toEqual([[], [id]]);
    await app.query('UPDATE products SET is_active = false WHERE id = $1', [id]);
    expect(await find('gizmotron')).toEqual([]);
  });
});

describe('a part of a word', () => {
  it('is found when whole words find little, after them', async () => {
    const ids = [await add('Megaplonk one'), await add('Superplonk two'), await add('Plonkless three')];
    const exact = await add('Plonk');
    const answer = await page('plonk', { page_size: 100 });
    expect(idsOf(answer['products'])[0]).toBe(exact);
    expect(idsOf(answer['products']).toSorted((a, b) => a - b)).toEqual([...ids, exact]);
    expect(answer['corrected_query']).toBeUndefined();
  });

  it('is left alone when whole words find enough', async () => {
    await Promise.all([add('Hyperblonk'), add('Blonk a'), add('Blonk b'), add('Blonk c')]);
    const { count, result } = await app.queriesOf(() => page('blonk'));
    expect([count, result['pagination'].total_count]).toEqual([1, 3]);
  });

  it('is found among several words, and with filters', async () => {
    const id = await add('Ultradingle wide cromulent', { price: 77 });
    await add('Ultradingle narrow cromulent', { price: 78 });
    expect(await find('dingle wide')).toEqual([id]);
    expect(await find('dingle cromulent', { max_price: 77 })).toEqual([id]);
    const { corrected_query: corrected } = await page('dingle wide');
    expect(corrected).toBe('ultradingle wide');
  });
});

describe('the number of statements', () => {
  const count = async (query: string, fields: Json = {}) => (await app.queriesOf(() => page(query, fields))).count;

  it('is one for words that are there, with filters, facets and any order', async () => {
    expect(await count('premium')).toBe(1);
    expect(await count('premium', { in_stock: true, min_price: 10, facets: true })).toBe(1);
    expect(await count('premium', { sort_by: 'price', page: 2, page_size: 5 })).toBe(1);
  });

  it('is one for the name of a model, though only one product has it', async () => {
    const { body } = await app.get('/products/1');
    const { count: statements, result } = await app.queriesOf(() => page(body['name'] as string));
    expect([idsOf(result['products']), statements]).toEqual([[1], 1]);
  });

  it('is three when words are corrected, and two when there is nothing to correct them to', async () => {
    expect(await count('premmium')).toBe(3);
    expect(await count('qqxxzzkkvv')).toBe(2);
    expect(await count('12345678901')).toBe(2);
    expect(await count('!!!')).toBe(1);
  });
});
