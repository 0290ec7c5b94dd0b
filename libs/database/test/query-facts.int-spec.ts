import { connectionUntold, currentRequest, newRequestContext, queryFinished, queryStarted, runInRequest } from '@app/common';
import type { ConnectionUntold, QueryFinished } from '@app/common';
import { Client, type Pool } from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import type { DataSource } from 'typeorm';
import { createDataSource, PoolExhaustedError } from '../src/index.js';
import { InstrumentedPool } from '../src/instrumented-pool.js';
import { createTestDatabase, type TestDatabase } from './databases.js';

const options = { poolSize: 3, acquireTimeoutMs: 60_000, statementTimeoutMs: 0, idleTimeoutMs: 0, applicationName: 'test' };

let database: TestDatabase;
let dataSource: DataSource;
let pool: Pool;
beforeAll(async () => {
  database = await createTestDatabase({ seeded: false });
  dataSource = await createDataSource({ ...options, url: database.url }).initialize();
  pool = new InstrumentedPool({ connectionString: database.url, max: 1 });
  await pool.query('CREATE TABLE lines (n int)');
});
afterAll(async () => {
  await pool.end();
  await dataSource.destroy();
  await database.drop();
});

async function told(work: () => Promise<unknown>): Promise<QueryFinished[]> {
  const seen: QueryFinished[] = [];
  const stop = queryFinished.subscribe((query) => seen.push(query));
  await work().finally(stop);
  return seen;
}

async function uses(work: () => Promise<unknown>): Promise<ConnectionUntold[]> {
  const seen: ConnectionUntold[] = [];
  const stop = connectionUntold.subscribe((use) => seen.push(use));
  await work().finally(stop);
  return seen;
}

/** Jest renames functions, and packages' frames come first; the issuer's file and line are what counts. */
const issuedAt = (line: number) => expect.stringMatching(new RegExp(`query-facts\\.int-spec\\.ts:${line}:`));
const lineOf = (): number => Number(/query-facts\.int-spec\.ts:(\d+)/.exec(new Error('here').stack?.split('\n')[2] ?? '')?.[1]);

/** Sites of the statements, as a listener of `queryStarted` that wants all of them gets them. */
async function sites(work: () => Promise<unknown>): Promise<string[]> {
  const stop = queryStarted.subscribe((query) => (query.needsSite = true));
  const seen = await told(work).finally(stop);
  return seen.map(({ site }) => site?.stack ?? 'none');
}

const ormLine = lineOf() + 2;
const ormQuery = async (): Promise<unknown> => {
  const rows: unknown = await dataSource.query('SELECT 1');
  return rows;
};
const poolLine = lineOf() + 1;
const poolQuery = () => pool.query('SELECT 1');

describe('what is told of a statement', () => {
  it('counts what the server sent for it, and no more', async () => {
    const [small, large] = await told(async () => {
      await pool.query(`SELECT 1`);
      await pool.query(`SELECT repeat('x', 10000)`);
    });
    expect(large!.readBytes).toBeGreaterThan(10_000);
    expect(large!.readBytes).toBeLessThan(10_200);
    expect(small!.readBytes).toBeLessThan(100);
  });

  it('accounts bytes to their own statement when several are handed to one connection at once', async () => {
    const seen = await told(async () => {
      await dataSource.transaction(async (manager) => {
        await Promise.all([manager.query(`SELECT repeat('x', 10000)`), manager.query('SELECT 1')]);
      });
    });
    const sizes = seen.filter(({ text }) => text.startsWith('SELECT')).map(({ readBytes }) => Math.round(readBytes / 10_000));
    expect(sizes).toEqual([1, 0]);
  });

  it('says which statements ran inside a transaction', async () => {
    const seen = await told(() => dataSource.transaction((manager) => manager.query('SELECT 1')));
    expect(seen.map(({ text, isInTransaction }) => [text, isInTransaction])).toEqual([
      ['START TRANSACTION', false],
      ['SELECT 1', true],
      ['COMMIT', true],
    ]);
  });

  it('hands out the rows by reference, and none for several statements in one text', async () => {
    const [one, several] = await told(async () => {
      await pool.query('SELECT 7 AS n');
      await pool.query('SELECT 1; SELECT 2');
    });
    expect([one!.rows, several!.rows]).toEqual([[{ n: 7 }], undefined]);
  });

  it('takes a stack only when a listener asks for it', async () => {
    expect((await told(poolQuery)).map(({ site }) => site)).toEqual([undefined]);
    expect(await sites(poolQuery)).toEqual([issuedAt(poolLine)]);
    expect(await sites(ormQuery)).toEqual([issuedAt(ormLine)]);
  });

  it('finds the issuer also when the statement had to wait for a connection', async () => {
    const found = await sites(() => Promise.all([pool.query('SELECT pg_sleep(0.05)'), (async () => poolQuery())()]));
    expect(found).toEqual([expect.any(String), issuedAt(poolLine)]);
  });

  it('tells a COPY in both directions with its rows, in the context of its request, and its refusal', async () => {
    const owners: (string | undefined)[] = [];
    const stop = queryFinished.subscribe(() => owners.push(currentRequest()?.requestId));
    const work = async (): Promise<void> => {
      const client = await pool.connect();
      await pipeline(Readable.from(['1\n2\n3\n']), client.query(copyFrom('COPY lines FROM STDIN')));
      await client.query(copyTo('COPY lines TO STDOUT')).toArray();
      const refused = client.query(copyFrom('COPY nowhere FROM STDIN'));
      await expect(pipeline(Readable.from(['1\n']), refused)).rejects.toThrow('does not exist');
      client.release();
    };
    const seen = await told(() => runInRequest(newRequestContext('copier', 0), work)).finally(stop);
    expect(seen.map(({ text, rowCount, error }) => [text, rowCount, error?.message])).toEqual([
      ['COPY lines FROM STDIN', 3, undefined],
      ['COPY lines TO STDOUT', 3, undefined],
      ['COPY nowhere FROM STDIN', 0, 'relation "nowhere" does not exist'],
    ]);
    expect(owners).toEqual(['copier', 'copier', 'copier']);
  });
});

describe('what is told of a connection', () => {
  it('is nothing where its statements are told', async () => {
    const told = await uses(async () => {
      await pool.query('SELECT 1');
      await dataSource.transaction((manager) => manager.query('SELECT 1'));
    });
    expect(told).toEqual([]);
  });

  it('says that one was taken and not used', async () => {
    expect(await uses(async () => (await pool.connect()).release())).toMatchObject([{ unseenBytes: 0, error: undefined }]);
  });

  it('gives away a statement that went past the instrumented client', async () => {
    const [use] = await uses(async () => {
      const client = await pool.connect();
      const past = Client.prototype.query as unknown as (this: Client, text: string) => Promise<unknown>;
      await past.call(client, 'SELECT 1');
      client.release();
    });
    expect(use!.unseenBytes).toBeGreaterThan(0);
  });

  it('tells a wait that was in vain', async () => {
    const small: Pool = new InstrumentedPool({ connectionString: database.url, max: 1, connectionTimeoutMillis: 1000 });
    const held = await small.connect();
    const [use] = await uses(() => expect(small.connect()).rejects.toBeInstanceOf(PoolExhaustedError));
    held.release();
    expect(use).toMatchObject({ unseenBytes: 0, error: expect.any(PoolExhaustedError) });
    expect(use!.waitMs).toBeGreaterThanOrEqual(990);
    await small.end();
  });
});

describe('plans of slow executions', () => {
  const plansOf = async (sampleRate: number): Promise<(string | undefined)[]> => {
    const watched = createDataSource({ ...options, url: database.url, plans: { slowMs: 500, sampleRate } });
    await watched.initialize();
    const seen = await told(async () => {
      await watched.query('SELECT pg_sleep($1::float)', [0.55]);
      await watched.query('SELECT count(*) FROM lines');
    });
    await watched.destroy();
    return seen.map(({ plan }) => plan);
  };

  it('come with the statement that was slow, and with no other', async () => {
    const [slow, quick] = await plansOf(1);
    expect(JSON.parse(slow ?? '{}')).toMatchObject({ Plan: { 'Node Type': 'Result', 'Actual Rows': expect.any(Number) } });
    expect(quick).toBeUndefined();
  });

  it('are not made at a sampling rate of 0', async () => {
    expect(await plansOf(0)).toEqual([undefined, undefined]);
  });

  it('are gone without, quietly, where the session may not ask for them', async () => {
    await dataSource.query(`DROP ROLE IF EXISTS plain_user`);
    await dataSource.query(`CREATE ROLE plain_user LOGIN PASSWORD 'plain'`);
    const url = new URL(database.url);
    url.username = 'plain_user';
    url.password = 'plain';
    const plain = createDataSource({ ...options, url: url.href, plans: { slowMs: 0, sampleRate: 1 } });
    await plain.initialize();
    const seen = await told(() => plain.query('SELECT 1'));
    expect(seen.map(({ text, plan }) => [text, plan])).toEqual([['SELECT 1', undefined]]);
    await plain.destroy();
    await dataSource.query('DROP ROLE plain_user');
  });
});
