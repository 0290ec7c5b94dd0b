import { Problem } from '@app/common';
import { encodeCursor, pageWindow, paginate } from './page.js';

const problemOf = (run: () => unknown): Problem => {
  try {
    run();
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error('nothing was refused');
};

describe('pageWindow', () => {
  it('reads the first 20 rows unless told', () => {
    expect(pageWindow({}, 'list')).toEqual({ limit: 20, offset: 0, page: 1 });
  });

  it('reaches exactly 10,000 rows by page number and points to the cursor beyond', () => {
    expect(pageWindow({ page: 100, page_size: 100 }, 'list').offset).toBe(9900);
    const problem = problemOf(() => pageWindow({ page: 101, page_size: 100 }, 'list'));
    expect(problem.status).toBe(400);
    expect(problem.errors?.[0]).toEqual({
      pointer: '/page',
      message: 'pages reach 10000 rows deep; pass next_cursor as cursor to read on',
    });
  });

  it('prefers the cursor to the page', () => {
    expect(pageWindow({ page: 3, cursor: encodeCursor('list', ['a', 7]) }, 'list')).toEqual({
      limit: 20,
      offset: 0,
      after: ['a', 7],
      page: null,
    });
  });

  it.each([
    ['text that is no cursor', 'not a cursor'],
    ['a cursor of another list', encodeCursor('other', [1])],
    ['an object inside', Buffer.from('["list",{"a":1}]').toString('base64url')],
    ['a NUL inside', encodeCursor('list', ['\u0000'])],
    ['no key', Buffer.from('["list"]').toString('base64url')],
  ])('refuses %s with 400 at /cursor', (_, cursor) => {
    const problem = problemOf(() => pageWindow({ cursor }, 'list'));
    expect([problem.status, problem.errors?.[0]?.pointer]).toEqual([400, '/cursor']);
  });
});

describe('paginate', () => {
  const cursor = { kind: 'list', key: (row: { id: number }) => [row.id] };
  const window = { limit: 2, offset: 0, page: 1 };

  it('gives a cursor when there is a row more than the page', () => {
    const { rows, pagination } = paginate([{ id: 1 }, { id: 2 }, { id: 3 }], window, { count: 5 }, cursor);
    expect(rows).toEqual([{ id: 1 }, { id: 2 }]);
    expect(pagination).toEqual({ page: 1, page_size: 2, total_count: 5, total_pages: 3, next_cursor: encodeCursor('list', [2]) });
  });

  it('gives none on the last page, and marks an estimate', () => {
    const { pagination } = paginate([{ id: 1 }], window, { count: 20_001, isEstimate: true }, cursor);
    expect(pagination).toMatchObject({ next_cursor: null, total_is_estimate: true, total_pages: 10_001 });
  });
});
