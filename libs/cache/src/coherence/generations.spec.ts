import { Generations } from './generations.js';

describe('generations', () => {
  it('tells whoever watched a name before it was touched, and nobody else', () => {
    const generations = new Generations();
    const before = generations.watch(['t:a', 't:b']);
    const other = generations.watch(['t:c']);
    generations.touch(['t:b'], 'remove');
    const after = generations.watch(['t:b']);
    expect([before, other, after].map((watched) => generations.standing(watched))).toEqual(['removed', 'current', 'current']);
  });

  it('tells an expiry from a removal, which outdoes it', () => {
    const generations = new Generations();
    const watched = generations.watch(['t:a', 't:b']);
    generations.touch(['t:a'], 'expire');
    expect(generations.standing(watched)).toBe('expired');
    generations.touch(['t:b'], 'remove');
    expect(generations.standing(watched)).toBe('removed');
  });

  it('ends all that was watched before everything was touched', () => {
    const generations = new Generations();
    const [before, none] = [generations.watch(['t:a']), generations.watch([])];
    generations.touchAll();
    expect([before, none, generations.watch(['t:a'])].map((watched) => generations.standing(watched))).toEqual([
      'removed',
      'removed',
      'current',
    ]);
  });

  it('remembers a name only while somebody watches it', () => {
    const generations = new Generations();
    const one = generations.watch(['t:a', 't:b']);
    const two = generations.share(one);
    for (let turn = 0; turn < 1000; turn += 1) generations.touch([`t:${turn}`], 'remove');
    generations.release(one);
    expect(generations.size).toBe(2);
    generations.touch(['t:a'], 'remove');
    expect(generations.standing(two)).toBe('removed');
    generations.release(two);
    expect(generations.size).toBe(0);
  });
});
