import { formatTraceparent, parseTraceparent } from './traceparent.js';

const trace = '0af7651916cd43dd8448eb211c80319c';
const span = 'b7ad6b7169203331';

describe('traceparent', () => {
  it('is read and written as W3C has it', () => {
    const read = parseTraceparent(`00-${trace}-${span}-01`);
    expect(read).toEqual({ traceId: trace, spanId: span, isSampled: true });
    expect(formatTraceparent(read!)).toBe(`00-${trace}-${span}-01`);
    expect(parseTraceparent(`00-${trace}-${span}-00`)?.isSampled).toBe(false);
    expect(parseTraceparent(`01-${trace}-${span}-01-more`)?.traceId).toBe(trace);
  });

  it.each([
    undefined,
    '',
    'nonsense',
    `ff-${trace}-${span}-01`,
    `00-${'0'.repeat(32)}-${span}-01`,
    `00-${trace}-${'0'.repeat(16)}-01`,
    `00-${trace.toUpperCase()}-${span}-01`,
    `00-${trace.slice(1)}-${span}-01`,
    [`00-${trace}-${span}-01`],
  ])('is not taken from %j', (header) => expect(parseTraceparent(header)).toBeUndefined());
});
