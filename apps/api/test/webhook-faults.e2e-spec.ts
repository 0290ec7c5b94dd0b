import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { Json, TestApp } from './app.harness.js';
import { newProduct, newUser, placeOrder, type Shopper } from './checkout.fixture.js';
import {
  answering,
  countsOf,
  hanging,
  isGenuine,
  newAdmin,
  newWebhook,
  Receiver,
  startEventsApp,
  until,
  writeEvents,
  type Received,
} from './events.fixture.js';

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe('receivers that fail', () => {
  let app: TestApp;
  let admin: Shopper;
  let receiver: Receiver;
  beforeAll(async () => {
    app = await startEventsApp({
      config: (config) => ({ ...config, webhooks: { ...config.webhooks, maxAttempts: 100, timeoutMs: 1500, connectTimeoutMs: 700 } }),
    });
    admin = await newAdmin(app);
    receiver = await Receiver.start();
  });
  afterAll(async () => {
    await receiver.stop();
    await app.close();
  });
  afterEach(() => app.query('DELETE FROM webhooks'));

  const deliveries = ({ id }: Json): Promise<Json[]> =>
    app.query('SELECT status, last_status, last_error FROM webhook_deliveries WHERE webhook_id = $1', [id]);

  it('get everything at least once and in order when they fail, hang up, keep silent and return, while orders are placed', async () => {
    const things = [1, 2, 3];
    const webhook = await newWebhook(app, admin, receiver.url('/moody'), ['product.stock_low']);
    const accepted: Received[] = [];
    const attempts = new Map<string, number>();
    let isBack = false;
    receiver.answer('/moody', (request, response) => {
      const id = String(request.headers['webhook-id']);
      const attempt = (attempts.get(id) ?? 0) + 1;
      attempts.set(id, attempt);
      if (attempt === 1) return answering(500)(request, response);
      if (attempt === 2) return void response.destroy();
      if (!isBack) return hanging(request, response);
      accepted.push(request);
      return void response.end();
    });
    for (const id of things) await writeEvents(app, id, 10);
    await until(() => [...attempts.values()].some((count) => count > 2), (isHanging) => isHanging); // prettier-ignore
    const buyers = await Promise.all(Array.from({ length: 10 }, () => newUser(app)));
    const product = await newProduct(app, { stock: 1000 });
    const orders = await Promise.all(buyers.map((buyer) => placeOrder(app, buyer, [[product, 1]])));
    expect([orders.map(({ status }) => status), accepted]).toEqual([buyers.map(() => 201), []]);
    isBack = true;
    await until(() => deliveries(webhook), (rows) => rows.length === 30 && rows.every((row) => row['status'] === 'delivered')); // prettier-ignore
    for (const id of things) {
      expect([id, firstsOf(countsOf(accepted, id))]).toEqual([id, upTo(10)]);
      // None was even tried before the one that precedes it had arrived.
      expect(firstsOf(countsOf(receiver.at('/moody'), id))).toEqual(upTo(10));
      expect(countsOf(receiver.at('/moody'), id)).toEqual(countsOf(receiver.at('/moody'), id).toSorted((a, b) => a - b));
    }
    expect(receiver.at('/moody').filter((request) => !isGenuine(request, webhook['secret']))).toEqual([]);
    for (const id of attempts.keys()) {
      const bodies = receiver.at('/moody').filter((request) => request.headers['webhook-id'] === id).map(({ text }) => text); // prettier-ignore
      expect([bodies.length >= 3, new Set(bodies).size]).toEqual([true, 1]);
    }
  }, 60_000);

  it.each([
    ['refuses the connection', 'http', () => undefined, /ECONNREFUSED/],
    ['takes the connection and hangs up', 'http', (socket: Socket) => socket.destroy(), /ECONNRESET|socket hang up/],
    ['answers no HTTP', 'http', (socket: Socket) => socket.end('220 mail.example.com ESMTP\r\n'), /Parse Error/],
    ['never answers', 'http', () => undefined, /^no answer within 1500 ms$/],
    ['never ends the handshake of TLS', 'https', () => undefined, /^no connection within 700 ms$/],
  ])('are told apart: one that %s', async (what, protocol, answer, error) => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.resume();
      sockets.push(socket);
      answer(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    if (what.startsWith('refuses')) await new Promise((resolve) => server.close(resolve));
    const webhook = await newWebhook(app, admin, `${protocol}://127.0.0.1:${port}/`, ['product.stock_low']);
    await writeEvents(app, 10, 1);
    const [row] = await until(() => deliveries(webhook), ([first]) => typeof first?.['last_error'] === 'string'); // prettier-ignore
    expect(row).toEqual({ status: 'pending', last_status: null, last_error: expect.stringMatching(error) });
    for (const socket of sockets) socket.destroy();
    server.close();
  });
});

/** The counts without those that came before: what is repeated may come late. */
const firstsOf = (counts: readonly number[]): number[] => [...new Set(counts)];
