import type { Json, TestApp } from './app.harness.js';
import { budgetOf, newUser, type Shopper } from './checkout.fixture.js';
import { newAdmin, newWebhook, startEventsApp, writeEvents } from './events.fixture.js';

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

describe('the routes of webhooks', () => {
  let app: TestApp;
  let admin: Shopper;
  beforeAll(async () => {
    app = await startEventsApp({ role: 'api' });
    admin = await newAdmin(app);
  });
  afterAll(() => app.close());
  beforeEach(() => app.query('DELETE FROM webhooks'));

  const create = (body: Json, as = admin.token) => app.post('/webhooks', body, { as });
  const plain = { url: 'http://127.0.0.1:9/hook', event_types: ['order.*'] };

  it('show the secret once, and list, audit and keep to admins everything else', async () => {
    const { status, body } = await create({ ...plain, event_types: ['order.*', 'product.stock_low', 'order.*'] });
    const { secret: made, ...shown } = body;
    expect([status, made]).toEqual([201, expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/)]);
    expect(shown).toEqual({
      id: expect.any(Number),
      url: 'http://127.0.0.1:9/hook',
      event_types: ['order.*', 'product.stock_low'],
      is_active: true,
      created_by: admin.id,
      created_at: expect.stringMatching(/Z$/),
    });
    expect((await app.get('/webhooks', { as: admin.token })).body['webhooks']).toEqual([shown]);
    expect(await app.query('SELECT secret FROM webhooks')).toEqual([{ secret: made }]);
    const audited = await app.query(
      `SELECT actor_id, action, entity_id, changes FROM audit_log WHERE entity_type = 'webhook' ORDER BY id DESC LIMIT 1`,
    );
    expect(audited).toEqual([
      {
        actor_id: admin.id,
        action: 'webhook.create',
        entity_id: shown['id'],
        changes: { url: shown['url'], event_types: shown['event_types'] },
      },
    ]);
    for (const role of ['customer', 'seller'] as const) {
      const user = await newUser(app, role);
      expect((await create(plain, user.token)).status).toBe(403);
      expect((await app.get('/webhooks', { as: user.token })).status).toBe(403);
    }
  });

  it('take a secret of the client', async () => {
    expect((await create({ ...plain, secret })).body['secret']).toBe(secret);
  });

  it.each([
    ['no address', { event_types: ['*'] }, '/url'],
    ['not an address', { url: 'shop', event_types: ['*'] }, '/url'],
    ['another protocol', { url: 'ftp://127.0.0.1/', event_types: ['*'] }, '/url'],
    ['a file', { url: 'file:///etc/passwd', event_types: ['*'] }, '/url'],
    ['a password in the address', { url: 'http://ana:pw@127.0.0.1/', event_types: ['*'] }, '/url'],
    ['a fragment', { url: 'http://127.0.0.1/#a', event_types: ['*'] }, '/url'],
    ['an address too long', { url: `http://127.0.0.1/${'a'.repeat(2048)}`, event_types: ['*'] }, '/url'],
    ['an address that is too long once it is encoded', { url: `http://127.0.0.1/${'ñ'.repeat(1000)}`, event_types: ['*'] }, '/url'],
    ['metadata of a cloud', { url: 'https://169.254.169.254/latest', event_types: ['*'] }, '/url'],
    ['a private network that is not configured', { url: 'http://10.0.0.1/', event_types: ['*'] }, '/url'],
    ['loopback in IPv6', { url: 'https://[::1]/', event_types: ['*'] }, '/url'],
    ['plain http to a public address', { url: 'http://8.8.8.8/', event_types: ['*'] }, '/url'],
    ['no event types', { url: 'http://127.0.0.1/', event_types: [] }, '/event_types'],
    ['an unknown event type', { url: 'http://127.0.0.1/', event_types: ['order.lost'] }, '/event_types/0'],
    ['a short secret', { url: 'http://127.0.0.1/', event_types: ['*'], secret: 'whsec_abc' }, '/secret'],
    ['a foreign field', { url: 'http://127.0.0.1/', event_types: ['*'], is_active: false }, '/is_active'],
  ])('refuse %s', async (_, body, pointer) => {
    const answer = await create(body);
    expect([answer.status, answer.body['errors'].map((item: Json) => item['pointer'])]).toEqual([400, [pointer]]);
    expect(await app.query('SELECT id FROM webhooks')).toEqual([]);
  });

  it('keep an address as it is sent to', async () => {
    const { body } = await create({ ...plain, url: 'HTTP://127.1:8080/a b?q=ñ' });
    expect(body['url']).toBe('http://127.0.0.1:8080/a%20b?q=%C3%B1');
  });

  it('page through webhooks by number and by cursor, newest first, in one statement', async () => {
    const ids: number[] = [];
    for (let index = 0; index < 5; index += 1) ids.unshift((await create(plain)).body['id']);
    const page = (query: string) => app.get(`/webhooks?page_size=2${query}`, { as: admin.token });
    const first = (await page('')).body;
    expect(first['pagination']).toEqual({ page: 1, page_size: 2, total_count: 5, total_pages: 3, next_cursor: expect.any(String) });
    const second = (await page(`&cursor=${first['pagination'].next_cursor}`)).body;
    const third = (await page('&page=3')).body;
    expect([first, second, third].flatMap((body) => body['webhooks'].map((row: Json) => row['id']))).toEqual(ids);
    expect(third['pagination'].next_cursor).toBeNull();
    expect((await page('&cursor=xyz')).status).toBe(400);
    expect(await budgetOf(app, () => page(''))).toBe(1);
  });

  it('delete a webhook with what it was to get', async () => {
    const { id } = await newWebhook(app, admin, plain.url);
    expect((await app.delete(`/webhooks/${id}`, { as: admin.token })).status).toBe(204);
    expect((await app.delete(`/webhooks/${id}`, { as: admin.token })).status).toBe(404);
    expect((await app.get(`/webhooks/${id}/deliveries`, { as: admin.token })).status).toBe(404);
    const [last] = await app.query('SELECT action, entity_id, changes FROM audit_log ORDER BY id DESC LIMIT 1');
    expect(last).toEqual({ action: 'webhook.delete', entity_id: id, changes: { url: plain.url } });
  });
});

describe('the deliveries of a webhook', () => {
  let app: TestApp;
  let admin: Shopper;
  let webhook: Json;
  beforeAll(async () => {
    app = await startEventsApp({ role: 'api' });
    admin = await newAdmin(app);
    webhook = await newWebhook(app, admin, 'http://127.0.0.1:9/');
    await writeEvents(app, 1, 6);
    await app.query(
      `INSERT INTO webhook_deliveries (webhook_id, outbox_id, aggregate_type, aggregate_id, status, attempts, last_status, last_error, delivered_at)
       SELECT $1, id, aggregate_type, aggregate_id, status, CASE status WHEN 'pending' THEN 2 ELSE 16 END, NULL, CASE WHEN status <> 'delivered' THEN 'no' END,
              CASE WHEN status = 'delivered' THEN now() END
         FROM outbox, LATERAL (SELECT (ARRAY['dead', 'delivered', 'pending'])[1 + id % 3] AS status) AS s ORDER BY id`,
      [webhook['id']],
    );
  });
  afterAll(() => app.close());

  const list = (query = '') => app.get(`/webhooks/${webhook['id']}/deliveries${query}`, { as: admin.token });
  const rows = async (query = ''): Promise<Json[]> => (await list(query)).body['deliveries'];
  const replay = (id: number) => app.post(`/webhooks/deliveries/${id}/replay`, undefined, { as: admin.token });

  it('are listed newest first, in one statement', async () => {
    const { body } = await list();
    expect(body['deliveries'].map((row: Json) => row['event'].id)).toEqual(['evt_6', 'evt_5', 'evt_4', 'evt_3', 'evt_2', 'evt_1']);
    expect(body['pagination'].total_count).toBe(6);
    const event = { type: 'product.stock_low', created_at: expect.stringMatching(/Z$/) };
    const common = { id: expect.any(Number), webhook_id: webhook['id'], last_status: null, created_at: expect.stringMatching(/Z$/) };
    expect(body['deliveries'].slice(0, 3)).toEqual([
      { ...common, event: { id: 'evt_6', ...event }, status: 'dead', attempts: 16, next_attempt_at: null, last_error: 'no', delivered_at: null },
      { ...common, event: { id: 'evt_5', ...event }, status: 'pending', attempts: 2, next_attempt_at: expect.stringMatching(/Z$/), last_error: 'no', delivered_at: null },
      { ...common, event: { id: 'evt_4', ...event }, status: 'delivered', attempts: 16, next_attempt_at: null, last_error: null, delivered_at: expect.stringMatching(/Z$/) },
    ]); // prettier-ignore
    expect(await budgetOf(app, list)).toBe(1);
    expect(await budgetOf(app, () => list('?status=dead'))).toBe(1);
  });

  it('are found by status, page by page', async () => {
    for (const status of ['dead', 'delivered', 'pending']) {
      expect((await rows(`?status=${status}`)).map((row) => row['status'])).toEqual([status, status]);
    }
    const { body } = await list('?status=dead&page_size=1');
    const next = await rows(`?status=dead&page_size=1&cursor=${body['pagination'].next_cursor}`);
    expect([body['pagination'].total_count, body['deliveries'][0].event.id, next.map((row) => row['event'].id)]).toEqual([
      2,
      'evt_6',
      ['evt_3'],
    ]);
    expect((await list('?status=lost')).status).toBe(400);
    const other = await newWebhook(app, admin, 'http://127.0.0.1:9/');
    const foreign = await app.get(`/webhooks/${other['id']}/deliveries?cursor=${body['pagination'].next_cursor}`, { as: admin.token });
    expect(foreign.status).toBe(400);
    expect((await app.get(`/webhooks/${other['id']}/deliveries`, { as: admin.token })).body['deliveries']).toEqual([]);
  });

  it('are replayed when they are done with, and audited', async () => {
    const [dead] = await rows('?status=dead');
    const [delivered] = await rows('?status=delivered');
    for (const row of [dead, delivered]) {
      const { status, body } = await replay(row?.['id']);
      expect([status, body]).toEqual([
        200,
        { ...row, status: 'pending', attempts: 0, next_attempt_at: expect.stringMatching(/Z$/), delivered_at: null },
      ]);
      expect((await replay(row?.['id'])).status).toBe(409);
    }
    const [last] = await app.query('SELECT actor_id, action, entity_type, entity_id, changes FROM audit_log ORDER BY id DESC LIMIT 1');
    expect(last).toEqual({
      actor_id: admin.id,
      action: 'webhook.replay',
      entity_type: 'webhook_delivery',
      entity_id: delivered?.['id'],
      changes: { webhook_id: webhook['id'], event: delivered?.['event'].id },
    });
    expect((await replay(999_999)).status).toBe(404);
  });
});
