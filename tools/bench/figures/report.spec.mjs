import { atLeast, atMost, formatReport, formatTable, headOf } from './report.mjs';

describe('formatTable', () => {
  it('writes runs as median, least and greatest, and a missing figure as a dash', () => {
    const columns = [
      { key: 'name', label: 'route' },
      { key: 'p95', label: 'p95 ms', digits: 1 },
      { key: 'cpu', label: 'CPU µs' },
    ];
    const rows = [
      { name: 'GET /a', p95: { median: 2.25, min: 1, max: 10 }, cpu: 12.6 },
      { name: 'POST /longer', p95: undefined, cpu: undefined },
    ];
    expect(formatTable(columns, rows)).toBe(
      [
        '| route        |         p95 ms | CPU µs |',
        '| ------------ | -------------: | -----: |',
        '| GET /a       | 2.3 [1.0–10.0] |     13 |',
        '| POST /longer |              – |      – |',
      ].join('\n'),
    );
  });
});

describe('a goal', () => {
  it.each([
    [24.9, true, false],
    [25, true, true],
    [25.1, false, true],
    [undefined, false, false],
    [NaN, false, false],
  ])('of 25 with %p is met as a most: %p, as a least: %p', (value, most, least) => {
    expect([atMost('p95', value, 25).isMet, atLeast('rate', value, 25).isMet]).toEqual([most, least]);
  });
});

describe('formatReport', () => {
  it('says what the figures depend on, which goals were missed and what went wrong', () => {
    const head = headOf({
      scenario: 'reads',
      options: { rounds: 3, seconds: 2 },
      data: { scale: 1, seed: 42, products: 47_500 },
      database: '18.4',
    });
    const text = formatReport({
      head,
      tables: [],
      goals: [atMost('p95', 30, 25, ' ms'), atLeast('other', undefined, 1)],
      faults: ['3 errors'],
    });
    expect(text).toContain(`Node ${process.versions.node}, PostgreSQL 18.4`);
    expect(text).toContain('47500 active products (scale 1, seed 42); 3 rounds of 2 s after warm-up');
    expect(text).toContain('MISSED  p95: 30 ms (at most 25 ms)');
    expect(text).toContain('MISSED  other: not measured (at least 1)');
    expect(text).toContain('FAULT  3 errors');
  });
});
