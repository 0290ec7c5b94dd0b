import { createHmac, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { runInThisContext } from 'node:vm';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import pino from 'pino';
import { createApp } from '../src/app.js';
import type { Config } from '../src/config.js';
import type { EventPattern } from '../src/events/event-catalogue.js';
import { EventSubscribers } from '../src/events/subscribers.js';
import { startTestApp, TestApp, type Json } from './app.harness.js';
import { newUser, type Shopper } from './checkout.fixture.js';

export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly body: Json;
}

type Answer = (request: Received, response: ServerResponse) => void;

const ok: Answer = (_request, response) => response.end('thanks');
export const answering =
  (status: number, headers: Record<string, string> = {}): Answer =>
  (_request, response) =>
    response.writeHead(status, headers).end();
/** Takes the request and says nothing. */
export const hanging: Answer = () => undefined;

/** A receiver of webhooks on loopback, which answers each path as it is told. */
export class Receiver {
  readonly requests: Received[] = [];
  private readonly answers = new Map<string, Answer>();
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {}

  static async start(): Promise<Receiver> {
    const server = createServer();
    const receiver = new Receiver(server);
    server.on('connection', (socket) => receiver.sockets.add(socket));
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const received = { path: request.url ?? '', headers: request.headers, text, body: JSON.parse(text) as Json };
        receiver.requests.push(received);
        (receiver.answers.get(received.path) ?? ok)(received, response);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  url = (path: string): string => `http://127.0.0.1:${(this.server.address() as AddressInfo).port}${path}`;

  answer(path: string, answer: Answer = ok): void {
    this.answers.set(path, answer);
  }

  at = (path: string): Received[] => this.requests.filter((request) => request.path === path);

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** Waits until it holds, and fails with what was there last when it never does. */
export async function until<T>(read: () => T | Promise<T>, holds: (value: T) => boolean): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    const value = await read();
    if (holds(value)) return value;
    if (attempt >= 2500) throw new Error(`it never came: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Quick to look and to try again, and free to send to this machine. */
export const eager = (config: Config): Config => ({
  ...config,
  events: { ...config.events, pollMs: 20, backoff: { baseMs: 20, maxMs: 50 } },
  webhooks: { ...config.webhooks, privateNetworks: ['127.0.0.0/8'], backoff: { baseMs: 20, maxMs: 50 } },
});

interface EventsAppOptions {
  readonly role?: Config['role'];
  readonly config?: (config: Config) => Config;
}

/** The application on a database with one category, with its background work unless told otherwise. */
export async function startEventsApp({ role = 'all', config: adjust = (config) => config }: EventsAppOptions = {}): Promise<TestApp> {
  const app = await startTestApp({ seeded: false, config: (config) => adjust({ ...eager(config), role }) });
  await app.query(`INSERT INTO categories (name, slug) VALUES ('Things', 'things')`);
  return app;
}

const workers = new Set<NestFastifyApplication>();

/** One more process over the same database, in this one. */
export async function startWorker(app: TestApp, adjust: (config: Config) => Config = (config) => config): Promise<NestFastifyApplication> {
  const worker = await createApp(adjust({ ...app.config, role: 'worker' }), app.url, pino({ level: 'silent' }));
  workers.add(worker);
  return worker;
}

export async function stopWorker(worker: NestFastifyApplication | undefined): Promise<void> {
  if (worker && workers.delete(worker)) await worker.close();
}

/** Those that a test has left running, also when it failed. */
export const stopWorkers = (): Promise<void[]> => Promise.all([...workers].map(stopWorker));

export const subscribersOf = (app: TestApp | NestFastifyApplication): EventSubscribers =>
  (app instanceof TestApp ? app.nest : app).get(EventSubscribers, { strict: false });

export async function newWebhook(app: TestApp, admin: Shopper, url: string, event_types: EventPattern[] = ['*']): Promise<Json> {
  const { status, body } = await app.post('/webhooks', { url, event_types }, { as: admin.token });
  if (status !== 201) throw new Error(JSON.stringify(body));
  return body;
}

export const newAdmin = (app: TestApp): Promise<Shopper> => newUser(app, 'admin');

/** Events as a feature writes them: each in a transaction of its own. */
export async function writeEvents(app: TestApp, aggregateId: number, count: number, from = 1): Promise<void> {
  for (let stock = from; stock < from + count; stock += 1) {
    await app.query(
      `INSERT INTO outbox (aggregate_type, aggregate_id, event_type, payload) VALUES ('product', $1, 'product.stock_low', $2)`,
      [aggregateId, JSON.stringify({ product_id: aggregateId, stock_quantity: stock })],
    );
  }
}

/** What the data of product events counts, in the order of arrival. */
export const countsOf = (requests: readonly Received[], productId: number): number[] =>
  requests.filter(({ body }) => body['data'].product_id === productId).map(({ body }) => body['data'].stock_quantity as number);

type Verify = (headers: IncomingHttpHeaders, body: string, secret: string) => boolean;

/** What the guide to events tells receivers to do, word by word. */
function sampleOfGuide(): Verify {
  const guide = readFileSync(join(__dirname, '../../../docs/events.md'), 'utf8');
  const [, sample = ''] = /```js\n(.*?)```/s.exec(guide) ?? [];
  const body = sample.replace(/^import .*$/m, '').replace('export function', 'return function');
  const make = runInThisContext(`(createHmac, timingSafeEqual) => {${body}}`) as (...functions: unknown[]) => Verify;
  return make(createHmac, timingSafeEqual);
}

export const isGenuine = ({ headers, text }: Pick<Received, 'headers' | 'text'>, secret: string): boolean =>
  sampleOfGuide()(headers, text, secret);
