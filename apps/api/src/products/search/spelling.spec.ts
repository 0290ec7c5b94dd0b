import { allowedEdits, alternativesOf, containing, corrections, editDistance, type Term } from './spelling.js';

const terms = (counts: Record<string, number>): Term[] =>
  Object.entries(counts).map(([word, document_count]) => ({ word, document_count }));

describe('editDistance', () => {
  it.each([
    ['camera', 'camera', 0],
    ['camera', 'cameras', 1],
    ['camera', 'amera', 1],
    ['camera', 'comera', 1],
    ['camera', 'cmaera', 1],
    ['camera', 'camear', 1],
    ['ab', 'ba', 1],
    ['abcd', 'badc', 3],
    ['', 'ab', 2],
    ['headphones', 'headfones', 2],
  ])('of %s and %s is %i, one swap alone being one edit', (a, b, edits) => {
    expect([editDistance(a, b), editDistance(b, a)]).toEqual([edits, edits]);
  });
});

describe('corrections', () => {
  it('are the nearest words only, the more frequent first', () => {
    const vocabulary = terms({ lamp: 3, lamps: 9, ramp: 20, land: 100, clamp: 20, lump: 1 });
    expect(corrections('lamo', vocabulary)).toEqual(['lamp']);
    expect(corrections('amp', vocabulary)).toEqual(['ramp', 'lamp']);
    expect(corrections('lqmp', vocabulary)).toEqual(['lamp', 'lump']);
  });

  it('are one edit away, two for long words, none for a single letter', () => {
    expect(['a', 'tv', 'lens', 'speaker', 'speakers'].map(allowedEdits)).toEqual([0, 1, 1, 1, 2]);
    expect(corrections('spxxker', terms({ speaker: 1 }))).toEqual([]);
    expect(corrections('headfones', terms({ headphones: 1 }))).toEqual(['headphones']);
    expect(corrections('n', terms({ fan: 1, no: 1 }))).toEqual([]);
  });

  it('are eight at most', () => {
    const vocabulary = terms(Object.fromEntries(Array.from('abcdefghijkl', (letter, index) => [`${letter}ack`, index + 1])));
    expect(corrections('zack', vocabulary)).toEqual(['lack', 'kack', 'jack', 'iack', 'hack', 'gack', 'fack', 'eack']);
  });
});

describe('containing', () => {
  it('finds the words that a part is of, frequent and short ones first, and nothing for two letters', () => {
    const vocabulary = terms({ headphones: 5, phone: 5, microphone: 9, lamp: 50 });
    expect(containing('phone', vocabulary)).toEqual(['microphone', 'phone', 'headphones']);
    expect(containing('ph', vocabulary)).toEqual([]);
  });
});

describe('alternativesOf', () => {
  const vocabulary = terms({ phone: 1, phones: 2, headphones: 9, ton: 1, tone: 5, ray: 4, tray: 9 });

  it('puts a known word first, then those that hold it, and nothing near it', () => {
    expect(alternativesOf('phone', vocabulary)).toEqual(['phone', 'headphones', 'phones']);
    expect(alternativesOf('ton', vocabulary)).toEqual(['ton', 'tone']);
  });

  it('puts near words before those that hold an unknown one', () => {
    expect(alternativesOf('hone', vocabulary)).toEqual(['tone', 'phone', 'headphones', 'phones']);
  });

  it('keeps a number as it is, and two letters besides what they may be a part of', () => {
    expect(alternativesOf('x200', vocabulary)).toEqual(['x200']);
    expect(alternativesOf('ry', vocabulary)).toEqual(['ry', 'ray']);
    expect(alternativesOf('zz', vocabulary)).toEqual(['zz']);
  });

  it('has none for what is like nothing', () => {
    expect(alternativesOf('qqxxzz', vocabulary)).toEqual([]);
  });
});
