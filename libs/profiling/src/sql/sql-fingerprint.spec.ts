import { normalise } from './sql-fingerprint.js';

const text = (sql: string) => normalise(sql).text;
const id = (sql: string) => normalise(sql).id;

describe('normalise', () => {
  it.each([
    ['strings', `SELECT * FROM t WHERE a = 'it''s' AND b = E'o\\'k'`, 'SELECT * FROM t WHERE a = ? AND b = ?'],
    ['numbers', 'SELECT 1, 2.5, .5, 1e-3, 0xFF, 1_000 FROM t1', 'SELECT ?, ?, ?, ?, ?, ? FROM t1'],
    ['negative numbers', 'SELECT a-1 FROM t WHERE x = -1 AND y > -2.5', 'SELECT a-? FROM t WHERE x = ? AND y > ?'],
    ['parameters', 'SELECT * FROM t WHERE id = $1::bigint AND n = $12', 'SELECT * FROM t WHERE id = ?::bigint AND n = ?'],
    ['dollar quotes', 'SELECT $tag$ it $$ is $tag$, $$x$$', 'SELECT ?, ?'],
    ['bit, hex and Unicode strings', `SELECT B'01', x'ff', U&'\\0041', N'n'`, 'SELECT ?, ?, ?, ?'],
    ['typed constants', `SELECT date '2026-01-01', interval'1 day'`, 'SELECT date ?, interval?'],
    ['quoted names', `SELECT "a 'b'" FROM "t 1" WHERE "x""y" = 'z'`, `SELECT "a 'b'" FROM "t 1" WHERE "x""y" = ?`],
    ['comments', `SELECT a -- secret 'x'\n FROM /* one /* two */ 'three' */ t`, 'SELECT a FROM t'],
    ['white space', '\n  SELECT\n\t a,  b\n FROM t ;', 'SELECT a, b FROM t'],
    ['lists', 'SELECT * FROM t WHERE a IN (1, 2,3) AND b = ANY(ARRAY[$1,$2])', 'SELECT * FROM t WHERE a IN (?+) AND b = ANY(ARRAY[?+])'],
    ['rows', 'INSERT INTO t (a, b) VALUES (1, 2), (3, 4), (5, 6)', 'INSERT INTO t (a, b) VALUES (?, ?), …'],
    ['names with digits and accents', 'SELECT año1, t$2x FROM tabla_1', 'SELECT año1, t$2x FROM tabla_1'],
    ['operators of jsonb', `SELECT d ->> 'a', d ? 'b' FROM t`, 'SELECT d ->> ?, d ? ? FROM t'],
  ])('replaces values and keeps the rest: %s', (_, sql, expected) => {
    expect(text(sql)).toBe(expected);
  });

  it.each([
    [`SELECT 'begun and never ended with secret`, 'SELECT ?'],
    ['SELECT $x$ never ended with secret', 'SELECT ?'],
    [`SELECT E'never ended with \\' secret`, 'SELECT ?'],
    ['SELECT 1 /* never ended with secret', 'SELECT ?'],
  ])('lets no part of a cut value through: %s', (sql, expected) => {
    expect(text(sql)).toBe(expected);
  });

  it('hides the value that a long text is cut in', () => {
    expect(text(`INSERT INTO t VALUES ('${'secret '.repeat(5000)}')`)).toBe('INSERT INTO t VALUES (?');
  });

  it('gives one identity to statements that differ in values, list lengths, case, spaces and comments', () => {
    const same = [
      'SELECT a, b FROM t WHERE x IN (1,2,3) AND y = $1',
      'select a,b from t where x in ($1) and y=-7',
      "Select  a , b From t -- c\nWhere x IN ( 'q' ,'r' ) AND y = 'z'",
    ];
    expect(new Set(same.map(id)).size).toBe(1);
  });

  it('tells apart statements that differ in more', () => {
    const different = [
      'SELECT a FROM t',
      'SELECT b FROM t',
      'SELECT a FROM "T"',
      'SELECT a FROM t WHERE a = 1',
      'SELECT ab FROM t',
      'SELECT a b FROM t',
    ];
    expect(new Set(different.map(id)).size).toBe(different.length);
  });

  it.each([
    ['SELECT 1', 'select'],
    ['  -- hint\n(SELECT 1) UNION (SELECT 2)', 'select'],
    ['SELECT id FROM t FOR NO KEY UPDATE', 'select'],
    ['WITH a AS (SELECT id FROM t FOR UPDATE) SELECT * FROM a', 'select'],
    ['WITH a AS (UPDATE t SET n = 1 RETURNING id) SELECT * FROM a', 'write'],
    ['WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a', 'write'],
    ['delete from t', 'write'],
    ['START TRANSACTION', 'transaction'],
    ['SAVEPOINT typeorm_1', 'transaction'],
    ['ROLLBACK TO SAVEPOINT typeorm_1', 'transaction'],
    ['SET statement_timeout = 5', 'other'],
    ['', 'other'],
  ])('knows the kind of %s', (sql, kind) => {
    expect(normalise(sql).kind).toBe(kind);
  });

  it.each(["'", '"', '/*', '$a$', '(', 'x ', '1e', "E'\\", 'values (', 'in (?'])('comes to an end with many of %s', (part) => {
    expect(normalise(part.repeat(8000)).id).toHaveLength(16);
  });
});
