import { chmodSync, mkdtempSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import { describeEmbedded } from './embedded.fixture.js';
import { createDataSource, DatabaseProbe, EmbeddedPostgres, isConnectionError } from '../src/index.js';
import { InstrumentedPool } from '../src/instrumented-pool.js';

const times = { acquireTimeoutMs: 2000, statementTimeoutMs: 0, idleTimeoutMs: 0 };

describeEmbedded('a pool whose server goes away and comes back', () => {
  let server: EmbeddedPostgres;
  let dataSource: DataSource;
  let pool: InstrumentedPool;

  beforeAll(async () => {
    const dataDir = mkdtempSync('/var/tmp/techmart-test-');
    chmodSync(dataDir, 0o755);
    server = new EmbeddedPostgres({ dataDir, settings: { fsync: 'off', shared_buffers: '16MB' } });
    const { url } = await server.start();
    dataSource = await createDataSource({ ...times, url, poolSize: 3, applicationName: 'test' }).initialize();
    pool = new InstrumentedPool({ connectionString: url, max: 3 });
  });
  afterAll(async () => {
    await dataSource.destroy();
    await pool.end();
    await server.remove();
  });

  const outcomeOf = (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => 'answered',
      (error: unknown) => (isConnectionError(error) ? 'connection lost' : String(error)),
    );

  it('fails at once with a connection error, keeps the process alive, and answers within 5 s of the return', async () => {
    await Promise.all([1, 2, 3].map(() => dataSource.query('SELECT pg_sleep(0.05)')));
    const held = await pool.connect();
    const inTransaction = dataSource.transaction(async (manager) => {
      await manager.query('SELECT 1');
      await server.stop();
      await manager.query('SELECT 1');
    });
    expect(await outcomeOf(inTransaction)).toBe('connection lost');
    expect(await outcomeOf(held.query('SELECT 1'))).toBe('connection lost');
    held.release();
    const burst = Array.from({ length: 20 }, () => outcomeOf(dataSource.query('SELECT 1')));
    expect(new Set(await Promise.all(burst))).toEqual(new Set(['connection lost']));

    await server.start();
    const startedAt = performance.now();
    while ((await outcomeOf(dataSource.query('SELECT 1'))) !== 'answered' && performance.now() - startedAt < 30_000) await sleep(50);
    const after = Array.from({ length: 20 }, () => outcomeOf(dataSource.query('SELECT 1')));
    expect(new Set(await Promise.all(after))).toEqual(new Set(['answered']));
    expect(await outcomeOf(pool.query('SELECT 1'))).toBe('answered');
  });

  it('is told by the probe, with the figures of the pool', async () => {
    const probe = new DatabaseProbe(dataSource);
    expect(await probe.check()).toMatchObject({ status: 'up', details: { waiting: 0 } });
    await server.stop();
    expect(await probe.check()).toMatchObject({ status: 'down', details: { reason: expect.stringMatching(/ECONNREFUSED|terminated/) } });
    await server.start();
    expect(await probe.check()).toMatchObject({ status: 'up' });
  });

  it('is told as down by the probe of a pool whose connections are all busy', async () => {
    const busy = Promise.all([1, 2, 3].map(() => dataSource.query('SELECT pg_sleep(2.5)')));
    const report = await new DatabaseProbe(dataSource).check();
    expect(report).toMatchObject({ status: 'down', details: { size: 3, idle: 0, waiting: 1, reason: 'no answer within 1000 ms' } });
    await busy;
  });
});
