import { ByteRing } from './byte-ring.js';

const ring = (limitBytes: number) => new ByteRing<{ readonly text: string }>(limitBytes, ({ text }) => text.length);
const entry = (length: number, letter = 'x') => ({ text: letter.repeat(length) });

describe('ByteRing', () => {
  it('keeps the newest entries that fit, whatever their sizes', () => {
    const kept = ring(100);
    for (let n = 0; n < 1000; n += 1) {
      kept.set(`${n}`, entry(1 + ((n * 37) % 90)));
      expect(kept.memory.bytes).toBeLessThanOrEqual(100);
    }
    expect([kept.get('999')?.text.length, kept.get('0')]).toEqual([1 + ((999 * 37) % 90), undefined]);
  });

  it('gives the newest first, also when an older one has been looked at, and counts those that made room', () => {
    const kept = ring(10);
    for (const id of ['a', 'b', 'c']) kept.set(id, entry(3, id));
    expect(kept.get('a')?.text).toBe('aaa');
    kept.set('d', entry(4, 'd'));
    expect([kept.newest().map(({ text }) => text), kept.memory]).toEqual([
      ['dddd', 'ccc', 'bbb'],
      { bytes: 10, limitBytes: 10, evicted: 1 },
    ]);
  });

  it('replaces an entry of the same id, which becomes the newest', () => {
    const kept = ring(10);
    kept.set('a', entry(3, 'a'));
    kept.set('b', entry(2, 'b'));
    kept.set('a', entry(1, 'A'));
    expect([kept.newest().map(({ text }) => text), kept.memory]).toEqual([['A', 'bb'], { bytes: 3, limitBytes: 10, evicted: 0 }]);
  });

  it('does not keep what is larger than the limit, nor makes room for it', () => {
    const kept = ring(10);
    kept.set('small', entry(1));
    kept.set('a', entry(11));
    expect([kept.get('a'), kept.get('small')?.text, kept.memory.bytes]).toEqual([undefined, 'x', 1]);
  });
});
