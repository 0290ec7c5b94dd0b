import { shapeOf } from './statement-shape.js';

describe('shapeOf', () => {
  it.each([
    ['SELECT * FROM authors WHERE id = ?', ['authors'], ['id']],
    ['SELECT "User"."id" FROM "users" "User" WHERE "User"."id" = ? AND "User"."kind" = ?::text', ['users'], ['id', 'kind']],
    ['SELECT * FROM a JOIN shop.b ON b.a_id = a.id LEFT JOIN a x ON true WHERE a.n > ? AND b.id = ANY(?)', ['a', 'shop.b'], ['id']],
    ['INSERT INTO lines (a, b) VALUES (?, ?)', ['lines'], []],
    ['UPDATE lines SET n = ? WHERE id = ?', ['lines'], ['n', 'id']],
    ['DELETE FROM ONLY lines WHERE id = ?', ['lines'], ['id']],
    ['WITH this AS (SELECT id FROM products WHERE id = ?), b AS MATERIALIZED (SELECT ?) SELECT * FROM this, b', ['products'], ['id']],
    ['SELECT * FROM unnest(?) AS n', [], []],
    ['SELECT * FROM t, LATERAL (SELECT ?) x', ['t'], []],
    ['COMMIT', [], []],
  ])('reads %s', (text, tables, lookups) => {
    expect(shapeOf(text)).toEqual({ tables, lookups });
  });
});
