import { createDataSource, EmbeddedPostgres } from '@app/database';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import pino from 'pino';
import { createApp } from '../src/app.js';
import { loadConfig } from '../src/config.js';
import { migrations } from '../src/migrations/index.js';

const settings = { fsync: 'off', shared_buffers: '16MB' };

describe('while PostgreSQL is away', () => {
  let dataDir: string;
  let server: EmbeddedPostgres;
  let app: NestFastifyApplication;

  beforeAll(async () => {
    dataDir = mkdtempSync('/var/tmp/techmart-outage-');
    chmodSync(dataDir, 0o755);
    server = new EmbeddedPostgres({ dataDir, settings });
    const { url } = await server.start();
    const times = { acquireTimeoutMs: 2000, statementTimeoutMs: 0, idleTimeoutMs: 0 };
    const dataSource = createDataSource({ url, poolSize: 2, ...times, applicationName: 'test', migrations: [...migrations] });
    await dataSource.initialize();
    await dataSource.runMigrations({ transaction: 'each' });
    await dataSource.destroy();
    const config = loadConfig({ NODE_ENV: 'test', ROLE: 'api', RATE_LIMIT: 'off', JWT_KEYS: `test:${'k'.repeat(40)}` });
    app = await createApp(config, url, pino({ level: 'silent' }));
  });
  afterAll(async () => {
    await app.close();
    await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('answers what is cached, else 503 with Retry-After, is not ready yet alive, and works again without a restart', async () => {
    expect((await app.inject('/products/1')).statusCode).toBe(404);
    await server.stop();
    expect((await app.inject('/products/1')).statusCode).toBe(404);
    for (const id of [2, 3, 2]) {
      const answer = await app.inject(`/products/${id}`);
      expect([answer.statusCode, answer.headers['content-type'], answer.headers['retry-after']]).toEqual([
        503,
        'application/problem+json; charset=utf-8',
        '2',
      ]);
      expect(answer.json<{ detail: string }>().detail).toBe('The service is temporarily unavailable');
    }
    expect((await app.inject('/health/ready')).statusCode).toBe(503);
    expect((await app.inject('/health/live')).statusCode).toBe(200);

    server = new EmbeddedPostgres({ dataDir, settings });
    await server.start();
    expect((await app.inject('/products/2')).statusCode).toBe(404);
    expect((await app.inject('/health/ready')).statusCode).toBe(200);
  });
});
