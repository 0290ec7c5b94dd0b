import { inRounds, metered } from './meter.mjs';

describe('metered', () => {
  it('tells what each has used during the work, beside its result', async () => {
    let used = 100;
    const meters = { app: () => used, redis: async () => used * 2, elsewhere: () => undefined };
    const work = async () => {
      used += 50;
      return { requests: 10 };
    };
    expect(await metered(meters, work)).toEqual({ requests: 10, cpu: { app: 50, redis: 100, elsewhere: NaN } });
  });
});

describe('inRounds', () => {
  it('takes turns', async () => {
    const order = [];
    const candidate = (name) => ({
      name,
      run: async (round) => {
        order.push(name);
        return `${name}${round}`;
      },
    });
    const runs = await inRounds(2, [candidate('a'), candidate('b')]);
    expect(order).toEqual(['a', 'b', 'a', 'b']);
    expect(runs).toEqual({ a: ['a1', 'a2'], b: ['b1', 'b2'] });
  });
});
