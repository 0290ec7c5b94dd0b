import { setTimeout as sleep } from 'node:timers/promises';
import { RedisServer } from '../../../libs/cache/test/redis-server.js';
import { Passage } from '../../../libs/database/test/passage.js';
import { QueueFigures } from '../src/events/queue-figures.js';
import { alertRules } from '../src/ops/alerts/alert-rules.js';
import { BusinessFiguresJob } from '../src/ops/business/business-figures.job.js';
import { BusinessMetrics } from '../src/ops/business/business.metrics.js';
import { PartWatch } from '../src/ops/health/part-watch.js';
import { FaultModule, Monitoring } from './alert-delivery.fixture.js';
import { startTestApp, type Json, type TestApp } from './app.harness.js';
import { Receiver, writeEvents } from './events.fixture.js';
import { describeWith } from './setup/services.js';
import { createTestDatabase, type TestDatabase } from './setup/test-database.js';

const patienceMs = 45_000;

describeWith('prometheus', () => {
  let database: TestDatabase;
  let passage: Passage;
  let redis: RedisServer;
  let receiver: Receiver;
  let app: TestApp;
  let monitoring: Monitoring;
  let port: number;

  beforeAll(async () => {
    for (const rule of alertRules) Object.assign(rule, { forSeconds: Math.min(rule.forSeconds, 1) });
    database = await createTestDatabase({ seeded: true });
    passage = new Passage();
    port = await passage.start(new URL(database.url));
    const url = Object.assign(new URL(database.url), { hostname: '127.0.0.1', port: String(port) }).href;
    redis = await RedisServer.start();
    receiver = await Receiver.start();
    app = await startTestApp({
      database: { url, drop: database.drop },
      modules: [FaultModule],
      config: (base) => ({
        ...base,
        redis: { url: redis.url, stateUrl: redis.url },
        alerts: { ...base.alerts, intervalMs: 500, webhookUrl: receiver.url('/in-process') },
      }),
    });
    await stock(app, 0);
    await app.nest.listen(0, '127.0.0.1');
    monitoring = await Monitoring.start(new URL(await app.nest.getUrl()).host, receiver.url('/alertmanager'));
    await good(100);
  }, 90_000);
  afterAll(async () => {
    await monitoring.stop();
    await app.close();
    await passage.stop();
    await redis.stop();
    await receiver.stop();
  });

  const good = (count: number) => Promise.all(Array.from({ length: count }, () => app.get('/health/live')));
  const bad = (path: string, count: number) => Promise.all(Array.from({ length: count }, () => app.get(path)));

  /** The newest that each of the two ways told of an alert. */
  function told(path: string, name: string): string | undefined {
    const alerts = receiver.at(path).flatMap(({ body }) => body['alerts'] as { status: string; labels: Json }[]);
    return alerts.findLast(({ labels }) => labels['alertname'] === name)?.status;
  }

  /** Both ways tell the state of all these alerts; meanwhile `stir` is done again and again. */
  async function tell(names: readonly string[], status: string, stir: () => Promise<unknown>): Promise<void> {
    const state = () => names.flatMap((name) => ['/in-process', '/alertmanager'].map((path) => `${name} ${path} ${told(path, name)}`));
    const wanted = names.flatMap((name) => ['/in-process', '/alertmanager'].map((path) => `${name} ${path} ${status}`));
    const until = Date.now() + patienceMs;
    while (Date.now() < until && state().join() !== wanted.join()) {
      await stir();
      await app.resolve<PartWatch>(PartWatch).look();
      await app.resolve<QueueFigures>(QueueFigures).refresh();
      await sleep(200);
    }
    expect(state()).toEqual(wanted);
  }

  it('tells of errors, slow answers, low stock, a blocked outbox and a Redis that is away, and that each is over', async () => {
    const faults = ['HighErrorRate', 'HighLatency', 'LowStock', 'OutboxStuck', 'RedisDown'];
    await stock(app, 0.1);
    await writeEvents(app, 1, 1);
    await app.query(`UPDATE outbox SET created_at = created_at - interval '5 minutes'`);
    await redis.kill();
    await tell(faults, 'firing', () => Promise.all([bad('/fault/error', 5), bad('/fault/slow', 5)]));
    await stock(app, 0);
    await app.query('DELETE FROM outbox');
    await redis.start();
    // The windows are of five minutes: what is well now outweighs what was not.
    await tell(faults, 'resolved', async () => {
      for (let batch = 0; batch < 15; batch += 1) await good(20);
    });
  }, 100_000);

  it('tells of a PostgreSQL that is away, and of its return', async () => {
    await passage.stop();
    await tell(['DatabaseDown'], 'firing', () => Promise.resolve());
    passage = new Passage();
    await passage.start(new URL(database.url), port);
    await tell(['DatabaseDown'], 'resolved', () => good(10));
  }, 100_000);
});

/** A share of the products on sale is nearly sold out, and the figures know it. */
async function stock(app: TestApp, share: number): Promise<void> {
  await app.query('UPDATE products SET stock_quantity = CASE WHEN random() < $1 THEN 5 ELSE 100 END WHERE is_active', [share]);
  await app.resolve<BusinessFiguresJob>(BusinessFiguresJob).run();
  await app.resolve<BusinessMetrics>(BusinessMetrics).refresh();
}
