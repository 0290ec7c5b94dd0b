import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestApp } from './app.harness.js';
import { newProduct, newUser, placeOrder, Saboteur, type Shopper } from './checkout.fixture.js';
import { hanging, newAdmin, newWebhook, Receiver, startEventsApp, until } from './events.fixture.js';
import { ensureBuilt } from './setup/test-database.js';

const main = join(__dirname, '../../../dist/apps/api/src/main.js');

/** The built program as a worker over the test's database. */
class Worker {
  private text = '';

  private constructor(private readonly child: ChildProcess) {
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data: Buffer) => (this.text += data.toString()));
  }

  static async start(app: TestApp, dataDir: string, env: NodeJS.ProcessEnv = {}): Promise<Worker> {
    const { PATH = '' } = process.env;
    const settings = {
      DATABASE_URL: app.url,
      DATA_DIR: dataDir,
      ROLE: 'worker',
      PORT: '0',
      SEED_SCALE: '0',
      LOG_PRETTY: 'false',
      OUTBOX_POLL_MS: '20',
      WEBHOOK_PRIVATE_NETWORKS: '127.0.0.0/8',
      WEBHOOK_BACKOFF_MS: '20',
    };
    const worker = new Worker(spawn(process.execPath, [main], { env: { PATH, ...settings, ...env } }));
    await until(() => worker.text, (text) => text.includes('TechMart listens')); // prettier-ignore
    return worker;
  }

  get output(): string {
    return this.text;
  }

  async end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return this.child.exitCode;
    const exited = once(this.child, 'exit');
    this.child.kill(signal);
    const [code] = (await exited) as [number | null];
    return code;
  }
}

describe('a worker process', () => {
  let app: TestApp;
  let admin: Shopper;
  let receiver: Receiver;
  let dataDir: string;
  const workers: Worker[] = [];

  beforeAll(async () => {
    await ensureBuilt();
    app = await startEventsApp({ role: 'api' });
    admin = await newAdmin(app);
    receiver = await Receiver.start();
    dataDir = mkdtempSync(join(tmpdir(), 'techmart-worker-'));
  }, 120_000);
  afterEach(async () => {
    for (const worker of workers.splice(0)) await worker.end('SIGKILL');
    await app.query('DELETE FROM webhooks');
    await app.query('DELETE FROM job_leases');
  });
  afterAll(async () => {
    await receiver.stop();
    await app.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const start = async (env?: NodeJS.ProcessEnv): Promise<Worker> => {
    const worker = await Worker.start(app, dataDir, env);
    workers.push(worker);
    return worker;
  };
  const order = async (): Promise<number> => {
    const answer = await placeOrder(app, await newUser(app), [[await newProduct(app), 1]]);
    return answer.body['id'];
  };

  it('that is killed between the commit of an order and its dispatch delivers after a restart', async () => {
    await newWebhook(app, admin, receiver.url('/killed'), ['order.placed']);
    const saboteur = await Saboteur.of(app);
    const first = await start();
    // The worker comes as far as the queue of the webhook; the order itself needs nothing of it.
    await saboteur.hold('LOCK TABLE webhook_deliveries IN SHARE MODE');
    const id = await order();
    await until(
      () =>
        app.query(`SELECT FROM pg_stat_activity WHERE query LIKE '%fanned_out%' AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()`),
      (rows) => rows.length > 0,
    );
    await first.end('SIGKILL');
    await saboteur.release();
    await saboteur.close();
    expect(await app.query('SELECT delivered_at FROM outbox WHERE aggregate_id = $1', [id])).toEqual([{ delivered_at: null }]);
    expect(receiver.at('/killed')).toEqual([]);
    // The lease of the killed one runs out; here at once.
    await app.query('UPDATE job_leases SET expires_at = now()');
    await start();
    await until(() => receiver.at('/killed'), (requests) => requests.length > 0); // prettier-ignore
    expect(receiver.at('/killed').map(({ body }) => body['data'].order_id)).toEqual([id]);
  }, 120_000);

  it('that is killed while a receiver thinks sends again after a restart', async () => {
    const webhook = await newWebhook(app, admin, receiver.url('/thinks'), ['order.placed']);
    receiver.answer('/thinks', hanging);
    const first = await start();
    const id = await order();
    await until(() => receiver.at('/thinks').length, (count) => count === 1); // prettier-ignore
    await first.end('SIGKILL');
    receiver.answer('/thinks');
    // The lease and the claim of the killed one run out; here at once.
    await app.query('UPDATE job_leases SET expires_at = now()');
    await app.query('UPDATE webhook_deliveries SET next_attempt_at = now()');
    await start();
    const rows = await until(() => app.query('SELECT status, attempts FROM webhook_deliveries WHERE webhook_id = $1', [webhook['id']]), ([row]) => row?.['status'] === 'delivered'); // prettier-ignore
    expect(rows).toEqual([{ status: 'delivered', attempts: 2 }]);
    const [once, again] = receiver.at('/thinks');
    expect([again?.body['data'].order_id, again?.text, again?.headers['webhook-id']]).toEqual([
      id,
      once?.text,
      once?.headers['webhook-id'],
    ]);
  }, 120_000);

  it('that is told to stop ends what is under way, writes it down, and gives its lease back', async () => {
    const webhook = await newWebhook(app, admin, receiver.url('/slow'), ['order.placed']);
    let answer: () => void = () => undefined;
    receiver.answer('/slow', (_request, response) => {
      answer = () => void response.end();
    });
    const worker = await start();
    await order();
    await order();
    await until(() => receiver.at('/slow').length, (count) => count === 2); // prettier-ignore
    const answerFirst = answer;
    const ended = worker.end('SIGTERM');
    await until(() => worker.output, (text) => text.includes('draining')); // prettier-ignore
    await order();
    for (const response of [answerFirst, answer]) response();
    expect(await ended).toBe(0);
    expect(worker.output).toContain('"msg":"stopped"');
    expect(receiver.at('/slow')).toHaveLength(2);
    expect(await app.query(`SELECT expires_at <= now() AS is_free FROM job_leases WHERE name = 'events'`)).toEqual([{ is_free: true }]);
    const rows = await app.query('SELECT status FROM webhook_deliveries WHERE webhook_id = $1 ORDER BY id', [webhook['id']]);
    expect(rows.filter((row) => row['status'] === 'delivered').length).toBeGreaterThan(0);
  }, 120_000);
});
