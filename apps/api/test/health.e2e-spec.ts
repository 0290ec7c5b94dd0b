import { MigrationsProbe } from '../src/ops/health/probes.js';
import { Readiness } from '../src/ops/health/readiness.js';
import { QueueFigures } from '../src/events/queue-figures.js';
import { startTestApp, type Json, type TestApp } from './app.harness.js';
import { writeEvents } from './events.fixture.js';

describe('GET /health', () => {
  let app: TestApp;
  let admin: string;
  beforeAll(async () => {
    app = await startTestApp();
    admin = await app.token('admin');
    await app.resolve<QueueFigures>(QueueFigures).refresh();
  });
  afterAll(() => app.close());

  const partsOf = ({ parts }: Json) =>
    Object.fromEntries(Object.entries(parts as Record<string, Json>).map(([name, part]) => [name, part['status'] as string]));

  it('tells the public and customers the state alone', async () => {
    for (const as of [undefined, 'nonsense', await app.token('customer')])
      expect((await app.get('/health', { as })).body).toEqual({ status: 'degraded' });
  });

  it('tells an admin each part with its latency; without Redis it is degraded, not down', async () => {
    const { status, body } = await app.get('/health', { as: admin });
    expect([status, body['status'], partsOf(body)]).toEqual([
      200,
      'degraded',
      { database: 'up', migrations: 'up', redis: 'degraded', cache: 'up', 'rate-limit': 'up', outbox: 'up', event_loop: 'up' },
    ]);
    expect(body['parts'].database).toEqual({
      status: 'up',
      latency_ms: expect.any(Number),
      details: { size: expect.any(Number), idle: expect.any(Number), waiting: 0 },
    });
    expect(body['parts'].redis.details).toEqual({ reason: 'no Redis is configured' });
  });

  it('is degraded while events do not get away', async () => {
    await writeEvents(app, 1, 1);
    await app.query(`UPDATE outbox SET created_at = created_at - interval '121 seconds'`);
    await app.resolve<QueueFigures>(QueueFigures).refresh();
    const { body } = await app.get('/health', { as: admin });
    expect(body['parts'].outbox).toMatchObject({ status: 'degraded', details: { waiting: 1, oldest_age_s: expect.any(Number) } });
    await app.query('DELETE FROM outbox');
  });

  it('is not ready while the schema is older than the program, and says which change is missing', async () => {
    const fresh = new MigrationsProbe(app.dataSource);
    const [row] = await app.query<{ name: string }>('DELETE FROM migrations WHERE id = (SELECT max(id) FROM migrations) RETURNING name')
      .then((answer) => answer[0] as unknown as { name: string }[]); // prettier-ignore
    expect(await fresh.check()).toMatchObject({ status: 'down', details: { missing: [row?.name] } });
    await app.query(`INSERT INTO migrations (timestamp, name) VALUES (1, $1)`, [row?.name]);
    expect(await fresh.check()).toMatchObject({ status: 'up', details: { missing: [] } });
    expect((await app.queriesOf(() => fresh.check())).count).toBe(0);
  });

  it('is 503 while it drains; only an admin sees why', async () => {
    const draining = await startTestApp({ beside: app });
    draining.resolve<Readiness>(Readiness).drain();
    const [stranger, ours] = [await draining.get('/health'), await draining.get('/health', { as: admin })];
    expect([stranger.status, stranger.body['parts'], stranger.headers['retry-after']]).toEqual([503, undefined, '2']);
    expect([ours.status, partsOf(ours.body)['database']]).toEqual([503, 'up']);
    expect((await draining.get('/health/ready')).status).toBe(503);
    await draining.close();
  });
});
