import { adviseIndexes } from './index-advice.js';
import { parsePlan, type PlanNode } from './plan.js';

const scan = (change: Record<string, unknown> = {}) => ({
  'Node Type': 'Seq Scan',
  'Relation Name': 'products',
  Schema: 'public',
  'Plan Rows': 10,
  'Total Cost': 900,
  'Actual Rows': 10,
  'Actual Loops': 1,
  Filter: `((category_id = '42'::bigint) AND (price > '9.99'::numeric))`,
  'Rows Removed by Filter': 49_990,
  ...change,
});
const plan = (node: object): PlanNode => {
  const parsed = parsePlan({ 'Query Text': 'SELECT secret', Plan: node });
  if (!parsed) throw new Error('no plan');
  return parsed;
};
const advised = (node: object, rows?: (table: string) => number) => adviseIndexes(plan(node), rows).map(({ sql }) => sql);

describe('parsePlan', () => {
  it('keeps the tree and no value of the statement', () => {
    const parsed = plan({ 'Node Type': 'Limit', 'Plan Rows': 5, 'Total Cost': 1, Plans: [scan()] });
    expect(parsed.children[0]).toEqual({
      node: 'Seq Scan',
      table: 'products',
      filter: '((category_id = ?::bigint) AND (price > ?::numeric))',
      plannedRows: 10,
      totalCost: 900,
      actualRows: 10,
      removedRows: 49_990,
      children: [],
    });
    expect(JSON.stringify(parsed)).not.toMatch(/42|9\.99|secret/);
  });

  it('adds up what a node did in all its loops', () => {
    expect(plan(scan({ 'Actual Loops': 3 }))).toMatchObject({ actualRows: 30, removedRows: 149_970 });
  });

  it.each(['', '{', '[]', '{"Plan":null}', 'null', undefined])('takes %p for no plan', (given) => {
    expect(parsePlan(given)).toBeUndefined();
  });
});

describe('adviseIndexes', () => {
  it('asks for an index where a whole table is read for few rows: equalities first, then a range', () => {
    const [advice] = adviseIndexes(plan(scan({ Filter: `((price > '9.99'::numeric) AND (category_id = '42'::bigint))` })));
    expect(advice).toEqual({
      table: 'products',
      sql: 'CREATE INDEX CONCURRENTLY ON products (category_id, price)',
      reason: '50000 rows of products are read to find 10',
      scannedRows: 50_000,
      foundRows: 10,
    });
  });

  it('makes flags the condition of a partial index', () => {
    expect(advised(scan({ Filter: '(is_active AND (seller_id = 3))' }))).toEqual([
      'CREATE INDEX CONCURRENTLY ON products (seller_id) WHERE is_active',
    ]);
  });

  it('asks for trigrams where text is searched from its middle', () => {
    expect(advised(scan({ Filter: `((name)::text ~~* '%lamp%'::text)` }))).toEqual([
      'CREATE INDEX CONCURRENTLY ON products USING gin (name gin_trgm_ops)',
    ]);
  });

  it('asks for an order where a whole table is sorted for its first rows', () => {
    const sort = {
      'Node Type': 'Sort',
      'Sort Key': ['p.created_at DESC', 'p.id'],
      'Plan Rows': 50_000,
      'Total Cost': 9,
      Plans: [scan({ Filter: '(seller_id = 3)', 'Actual Rows': 20_000, 'Rows Removed by Filter': 30_000 })],
    };
    expect(
      advised({ 'Node Type': 'Limit', 'Plan Rows': 20, 'Total Cost': 9, 'Actual Rows': 20, 'Actual Loops': 1, Plans: [sort] }),
    ).toEqual(['CREATE INDEX CONCURRENTLY ON products (seller_id, created_at DESC, id)']);
  });

  it.each([
    ['the table is small', scan({ 'Actual Rows': 1, 'Rows Removed by Filter': 900 })],
    ['most rows are wanted', scan({ 'Actual Rows': 40_000, 'Rows Removed by Filter': 10_000 })],
    ['there is no filter', scan({ Filter: undefined })],
    ['an index is used', scan({ 'Node Type': 'Index Scan', 'Index Name': 'x' })],
    ['the filter has alternatives', scan({ Filter: '((a = 1) OR (b = 2))' })],
    ['the filter compares two tables', scan({ Filter: '(a.n = b.m)' })],
  ])('asks for none when %s', (_, node) => {
    expect(advised(node)).toEqual([]);
  });

  it('takes the size of the table when the plan was not executed', () => {
    const node = scan({ 'Actual Rows': undefined, 'Rows Removed by Filter': undefined });
    expect([advised(node, () => 50_000).length, advised(node, () => 50).length, advised(node).length]).toEqual([1, 0, 0]);
  });

  it('quotes names that need it', () => {
    expect(advised(scan({ 'Relation Name': 'Odd Table', Schema: 'shop', Filter: '("Kind" = 3)' }))).toEqual([
      'CREATE INDEX CONCURRENTLY ON shop."Odd Table" ("Kind")',
    ]);
  });
});
