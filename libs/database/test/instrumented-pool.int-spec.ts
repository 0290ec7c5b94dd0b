import { newRequestContext, currentRequest, queryFinished, runInRequest, type QueryFinished } from '@app/common';
import { Client, type Pool } from 'pg';
import type { DataSource } from 'typeorm';
import { createTestDatabase, type TestDatabase } from './databases.js';
import { createDataSource, isConnectionError, isRetryable, isUniqueViolation, PoolExhaustedError, withRetry } from '../src/index.js';
import { InstrumentedPool } from '../src/instrumented-pool.js';

const options = { poolSize: 3, acquireTimeoutMs: 60_000, statementTimeoutMs: 0, idleTimeoutMs: 0, applicationName: 'test' };

describe('the instrumented pool', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  beforeAll(async () => {
    database = await createTestDatabase({ seeded: false });
    dataSource = await createDataSource({ ...options, url: database.url }).initialize();
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  it('attributes every statement of 200 concurrent requests over 3 connections to its own request', async () => {
    const seen: { owner: string | undefined; text: string }[] = [];
    const stop = queryFinished.subscribe(({ text }) => seen.push({ owner: currentRequest()?.requestId, text }));
    const pool: Pool = new InstrumentedPool({ connectionString: database.url, max: 3 });
    const request = async (id: string): Promise<void> => {
      await dataSource.query(`SELECT 'orm ${id}'`);
      await dataSource.transaction(async (manager) => {
        await manager.query(`SELECT 'transaction ${id}'`);
      });
      await Promise.all([pool.query(`SELECT 'raw ${id}'`), pool.query(`SELECT 'raw again ${id}'`)]);
    };
    const ids = Array.from({ length: 200 }, (_, index) => `request-${index}`);
    await Promise.all(ids.map((id) => runInRequest(newRequestContext(id, 0), () => request(id))));
    stop();
    await pool.end();
    const wrong = seen.filter(({ owner, text }) => /request-\d+/.test(text) && /request-\d+/.exec(text)?.[0] !== owner);
    const begun = seen.filter(({ owner, text }) => /^(START TRANSACTION|COMMIT)$/.test(text) && owner !== undefined);
    expect({ wrong, tagged: seen.filter(({ text }) => /request-/.test(text)).length, begun: begun.length }).toEqual({
      wrong: [],
      tagged: 800,
      begun: 400,
    });
  });

  it('tells text, parameters, rows, and the error of a statement that fails', async () => {
    const seen: QueryFinished[] = [];
    const stop = queryFinished.subscribe((query) => seen.push(query));
    await dataSource.query('SELECT generate_series(1, $1::int)', [3]);
    await expect(dataSource.query('SELECT 1 / $1::int', [0])).rejects.toThrow('division by zero');
    stop();
    expect(seen.map(({ text, parameters, rowCount, error }) => ({ text, parameters, rowCount, error: error?.message }))).toEqual([
      { text: 'SELECT generate_series(1, $1::int)', parameters: [3], rowCount: 3, error: undefined },
      { text: 'SELECT 1 / $1::int', parameters: [0], rowCount: 0, error: 'division by zero' },
    ]);
  });

  it('counts the parameters of a configuration object, and the rows of several statements together', async () => {
    const pool: Pool = new InstrumentedPool({ connectionString: database.url, max: 1 });
    const seen: QueryFinished[] = [];
    const stop = queryFinished.subscribe((query) => seen.push(query));
    await pool.query({ text: 'SELECT $1::int, $2::int', values: [1, 2] });
    await pool.query('SELECT 1; SELECT generate_series(1, 2)');
    stop();
    await pool.end();
    expect(seen.map(({ parameters, rowCount }) => [parameters.length, rowCount])).toEqual([
      [2, 1],
      [0, 3],
    ]);
  });

  it('tells the wait for a connection apart from the statement, and only with the first one', async () => {
    const pool: Pool = new InstrumentedPool({ connectionString: database.url, max: 1 });
    const seen: QueryFinished[] = [];
    const held = await pool.connect();
    const stop = queryFinished.subscribe((query) => seen.push(query));
    const waiting = pool.connect();
    await held.query('SELECT pg_sleep(0.1)');
    held.release();
    const next = await waiting;
    await next.query('SELECT 1');
    await next.query('SELECT 2');
    stop();
    next.release();
    await pool.end();
    const of = (text: string) => seen.find((query) => query.text === text);
    expect(of('SELECT 1')?.waitMs).toBeGreaterThanOrEqual(99);
    expect(of('SELECT 2')?.waitMs).toBe(0);
  });

  it('gives 64-bit ids and decimals as numbers, exactly, in arrays as well', async () => {
    const [row] = await dataSource.query<unknown[]>(
      `SELECT 9007199254740991::bigint AS id, 19.99::numeric(10,2) AS price, null::bigint AS none, array[[1], [null]]::bigint[] AS ids`,
    );
    expect(row).toEqual({ id: 9_007_199_254_740_991, price: 19.99, none: null, ids: [[1], [null]] });
  });

  it('leaves the global parsers of the driver as they are', async () => {
    const client = new Client({ connectionString: database.url });
    await client.connect();
    const { rows } = await client.query('SELECT 1::bigint AS id');
    await client.end();
    expect(rows).toEqual([{ id: '1' }]);
  });

  it('gives up waiting for a connection with an error of its own', async () => {
    const pool: Pool = new InstrumentedPool({ connectionString: database.url, max: 1, connectionTimeoutMillis: 50 });
    const held = await pool.connect();
    await expect(pool.query('SELECT 1')).rejects.toBeInstanceOf(PoolExhaustedError);
    held.release();
    await pool.end();
  });

  it('gives up through TypeORM with the same error, and waits no longer than it may', async () => {
    const small = createDataSource({ ...options, url: database.url, poolSize: 1, acquireTimeoutMs: 100 });
    await small.initialize();
    let isFree = false;
    const holding = small.query('SELECT pg_sleep(1.5)').finally(() => (isFree = true));
    const error = await small.query('SELECT 1').catch((failure: unknown) => failure);
    expect([error instanceof PoolExhaustedError, isConnectionError(error)]).toEqual([true, false]);
    expect(isFree).toBe(false);
    await holding;
    await small.destroy();
  });

  it('ends a statement that takes too long, which is not a lost connection', async () => {
    const strict = await createDataSource({ ...options, url: database.url, statementTimeoutMs: 50 }).initialize();
    const error = await strict.query('SELECT pg_sleep(5)').catch((failure: unknown) => failure);
    expect([String(error), isConnectionError(error)]).toEqual([expect.stringContaining('statement timeout'), false]);
    await strict.destroy();
  });

  it('tells a lost connection from a refused statement, and recovers by itself', async () => {
    const failures = await Promise.allSettled([dataSource.query('SELECT pg_terminate_backend(pg_backend_pid())')]);
    expect(failures.map((failure) => failure.status === 'rejected' && isConnectionError(failure.reason))).toEqual([true]);
    expect(await dataSource.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    const refused = await dataSource.query('SELEC').catch((error: unknown) => error);
    expect(isConnectionError(refused)).toBe(false);
    const nobody = createDataSource({ ...options, url: 'postgres://127.0.0.1:1/none' });
    expect(isConnectionError(await nobody.initialize().catch((error: unknown) => error))).toBe(true);
  });

  it('tells a connection lost between the statements of a transaction', async () => {
    const lost = dataSource.transaction(async (manager) => {
      const [row] = await manager.query<{ pid: number }[]>('SELECT pg_backend_pid() AS pid');
      await dataSource.query('SELECT pg_terminate_backend($1, 5000)', [row?.pid]);
      await manager.query('SELECT 1');
    });
    expect(isConnectionError(await lost.catch((failure: unknown) => failure))).toBe(true);
  });

  it('names violations by their constraint', async () => {
    await dataSource.query('CREATE TABLE things (id int CONSTRAINT things_id_key UNIQUE)');
    await dataSource.query('INSERT INTO things VALUES (1)');
    const error = await dataSource.query('INSERT INTO things VALUES (1)').catch((failure: unknown) => failure);
    expect([isUniqueViolation(error), isUniqueViolation(error, 'things_id_key'), isUniqueViolation(error, 'other')]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('runs a transaction again that lost a deadlock', async () => {
    await dataSource.query('CREATE TABLE locks AS SELECT n FROM generate_series(1, 2) AS n');
    let runs = 0;
    const both = [
      [1, 2],
      [2, 1],
    ].map((order) =>
      withRetry(() =>
        dataSource.transaction(async (manager) => {
          runs += 1;
          for (const n of order) {
            await manager.query('UPDATE locks SET n = n WHERE n = $1', [n]);
            if (runs === 2 || runs === 1) await manager.query('SELECT pg_sleep(0.1)');
          }
        }),
      ),
    );
    await Promise.all(both);
    expect(runs).toBe(3);
  });

  it('does not run again what failed for another reason', async () => {
    let runs = 0;
    const failing = withRetry(() => {
      runs += 1;
      return dataSource.query('SELECT 1 / 0');
    });
    const error = await failing.catch((failure: unknown) => failure);
    expect([runs, isRetryable(error)]).toEqual([1, false]);
  });
});
