import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { Alert } from '../alert.js';
import { AlertmanagerNotifier, WebhookNotifier } from './webhook.notifier.js';

const alert: Alert = {
  id: 1,
  rule: {
    name: 'RedisDown',
    severity: 'warning',
    figure: 'redis_up',
    comparison: 'below',
    threshold: 1,
    forSeconds: 0,
    summary: 'Redis is at {value}',
    description: 'Every read asks the database.',
    runbookUrl: 'https://example.com/runbooks#redis-down',
  },
  state: 'resolved',
  value: 0.123456,
  since: Date.parse('2026-01-01T00:00:00Z'),
  firedAt: Date.parse('2026-01-01T00:01:00Z'),
  resolvedAt: Date.parse('2026-01-01T00:05:00Z'),
};

const payload = {
  labels: { alertname: 'RedisDown', severity: 'warning', instance: 'a' },
  annotations: {
    summary: 'Redis is at 0.1235',
    description: 'Every read asks the database.',
    runbook_url: 'https://example.com/runbooks#redis-down',
  },
  startsAt: '2026-01-01T00:00:00.000Z',
  endsAt: '2026-01-01T00:05:00.000Z',
};

describe('notifiers', () => {
  let server: Server;
  let url: string;
  let status = 200;
  const received: { path: string | undefined; body: unknown }[] = [];
  beforeAll(async () => {
    const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      received.push({ path: request.url, body: await json(request) });
      response.writeHead(status, { connection: 'close' }).end('thanks');
    };
    server = createServer((request, response) => void take(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  beforeEach(() => {
    received.length = 0;
    status = 200;
  });
  afterAll(() => server.close());

  it('post what an Alertmanager webhook posts', async () => {
    await new WebhookNotifier(`${url}/hook`, { instance: 'a' }).notify([alert]);
    expect(received).toEqual([{ path: '/hook', body: { version: '4', status: 'resolved', alerts: [{ status: 'resolved', ...payload }] } }]);
  });

  it('hand alerts to the API of Alertmanager, below a path of its own too', async () => {
    await new AlertmanagerNotifier(`${url}/alerts`, { instance: 'a' }).notify([alert]);
    expect(received).toEqual([{ path: '/alerts/api/v2/alerts', body: [payload] }]);
  });

  it('reject what was not taken', async () => {
    status = 503;
    await expect(new WebhookNotifier(url).notify([alert])).rejects.toThrow('the receiver answered 503');
  });
});
