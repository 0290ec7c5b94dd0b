import { queryFinished, type QueryFinished } from '@app/common';
import { register } from 'prom-client';
import { DatabaseMetrics, kindOf } from './database.metrics.js';

describe('kindOf', () => {
  it.each([
    ['SELECT 1', 'select'],
    ['\n  insert into a values ($1)', 'insert'],
    ['START TRANSACTION', 'transaction'],
    ['WITH x AS (DELETE FROM a RETURNING id) SELECT * FROM x', 'select'],
    ["WITH x AS (SELECT ')' AS a) UPDATE b SET c = 1", 'update'],
    ['WITH x AS (SELECT 1) INSERT INTO b SELECT * FROM x', 'insert'],
    ['LISTEN a', 'other'],
    ['', 'other'],
  ])('takes %j for %s', (text, kind) => expect(kindOf(text)).toBe(kind));
});

describe('DatabaseMetrics', () => {
  const fact = (given: Partial<QueryFinished>): QueryFinished => ({
    text: 'SELECT 1',
    parameters: [],
    request: undefined,
    plan: undefined,
    site: undefined,
    error: undefined,
    startedAt: 0,
    durationMs: 2,
    waitMs: 0,
    rowCount: 1,
    rows: undefined,
    readBytes: 0,
    isInTransaction: false,
    ...given,
  });

  it('measures statements by kind, waits for connections, and errors', async () => {
    register.clear();
    const metrics = new DatabaseMetrics();
    metrics.onModuleInit();
    queryFinished.publish(fact({}));
    queryFinished.publish(fact({ text: 'COMMIT' }));
    queryFinished.publish(fact({ text: 'BEGIN', waitMs: 30 }));
    queryFinished.publish(fact({ text: 'UPDATE a SET b = 1', error: new Error('no') }));
    queryFinished.publish(fact({ text: 'INSERT INTO a VALUES (1)', error: Object.assign(new Error('full'), { code: '53100' }) }));
    metrics.onModuleDestroy();
    const text = await register.metrics();
    expect(text).toContain('db_query_duration_seconds_count{kind="select"} 1\n');
    expect(text).toContain('db_query_duration_seconds_count{kind="transaction"} 2\n');
    // A commit has its connection already.
    expect(text).toContain('db_connection_wait_seconds_count 4\n');
    expect(text).toContain('db_connection_wait_seconds_sum 0.03\n');
    expect(text).toContain('db_errors_total{kind="update"} 1\n');
    expect(text).toContain('db_errors_total{kind="select"} 0\n');
    expect(text).toContain('db_exhausted_total{resource="disk"} 1\n');
    expect(text).toContain('db_exhausted_total{resource="memory"} 0\n');
    expect(metrics.exhaustionCount).toBe(1);
  });
});
