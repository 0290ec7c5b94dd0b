import { columnsOf } from './filter-columns.js';

describe('columnsOf', () => {
  const nothing = { equal: [], range: [], textSearch: undefined, predicate: undefined };
  it.each([
    ['(category_id = ?)', { equal: ['category_id'] }],
    ['(p.category_id = ?)', { equal: ['category_id'] }],
    [
      '((is_active) AND (category_id = ?) AND (price >= ?::numeric) AND (price <= ?::numeric))',
      { equal: ['category_id'], range: ['price'], predicate: 'is_active' },
    ],
    ['(is_active AND (NOT p.is_hidden) AND (n = ?))', { equal: ['n'], predicate: 'is_active AND NOT is_hidden' }],
    ['((status)::text = ?::text)', { equal: ['status'] }],
    ['(lower((email)::text) = ?)', { equal: ['lower(email)'] }],
    ['(id = ANY (?::bigint[]))', { equal: ['id'] }],
    ['("Kind" = ?)', { equal: ['"Kind"'] }],
    ['(erased_at IS NULL)', { equal: ['erased_at'] }],
    ['((name)::text ~~* ?::text)', { textSearch: 'name' }],
    ['((shop = ?) AND ((name)::text ~~* ?::text))', { equal: ['shop'] }],
    ['(n = (SubPlan ?))', {}],
    ['(a.n = b.m)', {}],
    ['((a + b) > ?)', {}],
    ['(NOT (hashed SubPlan ?))', {}],
  ])('reads %s', (filter, expected) => {
    expect(columnsOf(filter)).toEqual({ ...nothing, ...expected });
  });

  it('has no advice for alternatives', () => {
    expect(columnsOf('((a = ?) OR (b = ?))')).toBeUndefined();
    expect(columnsOf('((n = ?) AND ((a = ?) OR (b = ?)))')).toEqual({ ...nothing, equal: ['n'] });
  });
});
