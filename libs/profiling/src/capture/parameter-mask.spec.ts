import { describeParameters, ParameterMask } from './parameter-mask.js';

const mask = new ParameterMask(7);
const secret = 'ana.torres@example.com';

describe('ParameterMask', () => {
  it('keeps kinds and sizes, and no value', () => {
    const cyclic: Record<string, unknown> = {};
    cyclic['self'] = cyclic;
    const values = [null, undefined, true, 42, 42n, 1.5, secret, [1, secret], { secret }, new Date(0), Buffer.from(secret), cyclic];
    const described = describeParameters(mask.mask(values));
    expect(described.map(({ type }) => type)).toEqual([
      'null', 'null', 'boolean', 'integer', 'integer', 'number', 'text(22)', 'array(2)', 'json', 'date', 'bytes(22)', 'json',
    ]); // prettier-ignore
    expect(JSON.stringify(described)).not.toMatch(/ana|torres|example|42|1\.5/);
    expect(described.every(({ mark }) => /^[0-9a-f]{8}$/.test(mark))).toBe(true);
  });

  it('gives equal parameters equal marks and keys, and others different ones', () => {
    const key = (...values: unknown[]) => mask.mask(values).key;
    expect(key(1, 'a')).toBe(key(1, 'a'));
    const others = [key(1, 'a'), key('1', 'a'), key('a', 1), key(1), key(1, 'a', null), key(1, 'b'), key(2, 'a'), key(), key(['1', 'a'])];
    expect(new Set(others).size).toBe(others.length);
  });

  it('finds no two equal among 100,000 ids', () => {
    const keys = new Set(Array.from({ length: 100_000 }, (_, id) => mask.mask([id]).key));
    expect(keys.size).toBe(100_000);
  });

  it('finds no two equal among 100,000 ids of two statements, told apart by their salts', () => {
    const keys = new Set(Array.from({ length: 200_000 }, (_, n) => mask.mask([n >> 1], n & 1 ? 0x5a_b1_c0_de : 7).key));
    expect(keys.size).toBe(200_000);
  });

  it('tells long texts apart by their length and both ends', () => {
    const long = 'x'.repeat(20_000);
    const keys = [long, `${long}x`, `y${long.slice(1)}`, `${long.slice(1)}y`].map((value) => mask.mask([value]).key);
    expect(new Set(keys).size).toBe(4);
  });

  it('looks at a view of bytes, not at the buffer behind it', () => {
    const bytes = Buffer.from('secret one');
    expect(mask.mask([bytes.subarray(0, 6)]).key).toBe(mask.mask([Buffer.from('secret')]).key);
  });

  it('marks differently in every process, so that values cannot be tried against the marks', () => {
    const marks = [new ParameterMask(1), new ParameterMask(2), new ParameterMask()].map(
      (one) => describeParameters(one.mask([secret]))[0]?.mark,
    );
    expect(new Set(marks).size).toBe(3);
  });

  it('marks equal results equally', () => {
    const rows = [{ id: 1, name: 'x', at: new Date(5) }];
    expect(mask.markOf(rows)).toBe(mask.markOf(structuredClone(rows)));
    expect(mask.markOf(rows)).not.toBe(mask.markOf([{ ...rows[0], name: 'y' }]));
  });
});
