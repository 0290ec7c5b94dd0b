import { demo, logIn, password, register, registration, type Person } from './accounts-people.fixture.js';
import { startTestApp, type Json, type TestApp } from './app.harness.js';

let app: TestApp;
let admin: string;
let customer: string;
beforeAll(async () => {
  app = await startTestApp();
  admin = (await demo(app, 'admin')).access;
  customer = (await demo(app, 'customer')).access;
});
afterAll(() => app.close());

const userFields = [
  'created_at', 'email', 'first_name', 'id', 'is_active', 'is_verified', 'last_login', 'last_name', 'phone', 'user_type', 'username', 'version',
]; // prettier-ignore
const pointersOf = (body: Json): string[] => (body['errors'] as { pointer: string }[]).map(({ pointer }) => pointer).toSorted();
const problem = (code: string): string => `https://techmart.dev/problems/${code}`;

describe('GET /users/profile', () => {
  it('tells the own account with own orders and spend, summed by the database, in two statements', async () => {
    const { result, count } = await app.queriesOf(() => app.get('/users/profile', { as: customer }));
    const [sums] = await app.query(
      `SELECT count(*) AS orders, coalesce(sum(total_amount) FILTER (WHERE status <> 'cancelled'), 0) AS spent FROM orders WHERE user_id = 3`,
    );
    expect(result.status).toBe(200);
    expect(result.body).toMatchObject({ id: 3, email: 'customer@techmart.test', user_type: 'customer' });
    expect(userFields.every((field) => field in result.body)).toBe(true);
    expect(result.text).toContain(String(sums?.['spent']));
    expect(result.text).not.toMatch(/password|argon/);
    expect(result.headers['cache-control']).toBe('no-store');
    expect(count).toBe(2);
  });
});

describe('PATCH /users/profile', () => {
  let person: Person;
  let token: string;
  beforeEach(async () => {
    person = await register(app, { phone: '123 456' });
    token = (await logIn(app, person.email)).access;
  });
  const change = (body: Json, ifMatch?: string) =>
    app.patch('/users/profile', body, { as: token, headers: ifMatch === undefined ? {} : { 'if-match': ifMatch } });

  it('changes what is given, clears with null, leaves the rest, and counts the version up', async () => {
    const before = (await app.get('/users/profile', { as: token })).body;
    const { status, body } = await change({ first_name: 'Grace', phone: null });
    expect(status).toBe(200);
    expect(body).toMatchObject({ first_name: 'Grace', phone: null, last_name: 'Lovelace', version: (before['version'] as number) + 1 });
  });

  it('takes the version as If-Match, and answers 412 to a stale one without changing anything', async () => {
    const { version } = (await app.get('/users/profile', { as: token })).body;
    expect((await change({ last_name: 'One' }, `"${version}"`)).status).toBe(200);
    const stale = await change({ last_name: 'Two' }, `"${version}"`);
    expect([stale.status, stale.headers['content-type']]).toEqual([412, 'application/problem+json; charset=utf-8']);
    expect((await change({ last_name: 'Three' }, 'W/"nonsense"')).status).toBe(412);
    expect((await app.get('/users/profile', { as: token })).body['last_name']).toBe('One');
    expect((await change({ last_name: 'Four' }, '*')).status).toBe(200);
  });

  it('lets one of ten changes of the same version at once through', async () => {
    const { version } = (await app.get('/users/profile', { as: token })).body;
    const answers = await Promise.all(Array.from({ length: 10 }, (_, n) => change({ last_name: `Name ${n}` }, `"${version}"`)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array.from({ length: 9 }, () => 412)]);
  });

  it('answers 409 to a username that is taken', async () => {
    const { status, body } = await change({ username: 'ADMIN' });
    expect([status, body['type'], pointersOf(body)]).toEqual([409, problem('username-taken'), ['/username']]);
  });

  it.each(['user_type', 'is_active', 'is_verified', 'id', 'password_hash', 'version'])('refuses to set %s', async (field) => {
    const { status, body } = await change({ [field]: 1 });
    expect([status, pointersOf(body)]).toEqual([400, [`/${field}`]]);
  });
});

describe('DELETE /users/profile', () => {
  const everythingOf = (id: number) =>
    app.query<{ stored: string }>(
      `SELECT concat_ws(' ', (SELECT to_json(u) FROM users u WHERE id = $1), (SELECT json_agg(s) FROM sessions s WHERE user_id = $1),
              (SELECT json_agg(t) FROM one_time_tokens t WHERE user_id = $1), (SELECT json_agg(o) FROM orders o WHERE user_id = $1),
              (SELECT json_agg(c) FROM cart_items c WHERE user_id = $1), (SELECT json_agg(k) FROM idempotency_keys k WHERE user_id = $1),
              (SELECT json_agg(a) FROM audit_log a WHERE actor_id = $1 OR (entity_type = 'user' AND entity_id = $1))) AS stored`,
      [id],
    );

  it('erases what tells who it was, keeps the orders, and ends the account', async () => {
    const person = await register(app, { first_name: 'Zebulon', last_name: 'Quartermain', phone: '+1 555 777' });
    const { access } = await logIn(app, person.email);
    await app.patch(`/users/${person.id}`, { last_name: 'Quatermain' }, { as: admin });
    await app.query(
      `INSERT INTO orders (order_number, user_id, total_amount, status, shipping_address, billing_address, payment_method, notes)
       VALUES ('TM-ERASE', $1, 12.5, 'delivered', '1 Zebulon Street', '2 Zebulon Street', 'card', 'ring at Quartermain')`,
      [person.id],
    );
    await app.query('INSERT INTO cart_items (user_id, product_id, quantity) VALUES ($1, 1, 1)', [person.id]);
    await app.query(
      `INSERT INTO idempotency_keys (user_id, key, request_hash, response_status, response)
       VALUES ($1, 'k', '\\x00', 201, '{"shipping_address": "1 Zebulon Street"}')`,
      [person.id],
    );
    expect((await app.delete('/users/profile', { as: access })).status).toBe(204);
    const [kept] = await everythingOf(person.id);
    expect(kept?.stored).not.toMatch(/zebulon|quart?ermain|person\d|555|argon2|127\.0\.0\.1/i);
    expect(await app.query(`SELECT total_amount, status FROM orders WHERE user_id = $1`, [person.id])).toEqual([
      { total_amount: 12.5, status: 'delivered' },
    ]);
    expect((await app.get('/users/profile', { as: access })).status).toBe(401);
    expect((await app.get(`/users/${person.id}/stats`)).status).toBe(404);
  });

  it('lets nobody write into the account again, not even an admin', async () => {
    const person = await register(app);
    await app.delete('/users/profile', { as: (await logIn(app, person.email)).access });
    const revived = await app.patch(`/users/${person.id}`, { email: 'back@people.test', is_active: true }, { as: admin });
    expect([revived.status, (await app.delete(`/users/${person.id}`, { as: admin })).status]).toEqual([404, 404]);
    expect((await app.get(`/users/${person.id}`, { as: admin })).body).toMatchObject({
      is_active: false,
      username: `deleted-${person.id}`,
    });
  });

  it('frees the address and the username', async () => {
    const person = await register(app);
    await app.delete('/users/profile', { as: (await logIn(app, person.email)).access });
    await register(app, { email: person.email, username: person.username });
  });

  it('keeps the address of an order on its way until it has arrived', async () => {
    const person = await register(app);
    const insert = `INSERT INTO orders (order_number, user_id, total_amount, status, shipping_address, billing_address, payment_method)
                    VALUES ('TM-ON-ITS-WAY', $1, 1, 'shipped', 'Harbour 1', 'Harbour 1', 'card')`;
    await app.query(insert, [person.id]);
    await app.delete('/users/profile', { as: (await logIn(app, person.email)).access });
    const address = `SELECT shipping_address, billing_address FROM orders WHERE order_number = 'TM-ON-ITS-WAY'`;
    expect(await app.query(address)).toEqual([{ shipping_address: 'Harbour 1', billing_address: 'Harbour 1' }]);
    await app.query(`UPDATE orders SET status = 'delivered' WHERE order_number = 'TM-ON-ITS-WAY'`);
    expect(JSON.stringify(await app.query(address))).not.toContain('Harbour');
  });

  it('works where there is no admin at all, and is refused to the last one', async () => {
    const empty = await startTestApp({ seeded: false });
    const person = await register(empty);
    const { access } = await logIn(empty, person.email);
    await empty.query(`UPDATE users SET user_type = 'admin' WHERE id = $1`, [person.id]);
    const refused = await empty.delete('/users/profile', { as: access });
    await empty.query(`UPDATE users SET user_type = 'customer' WHERE id = $1`, [person.id]);
    const erased = await empty.delete('/users/profile', { as: access });
    await empty.close();
    expect([refused.status, refused.body['type'], erased.status]).toEqual([409, problem('last-admin'), 204]);
  });
});

describe('GET /users/profile/export', () => {
  it('hands out everything that is held, as a download, with no secret in it', async () => {
    const { result, count } = await app.queriesOf(() => app.get('/users/profile/export', { as: customer }));
    expect(result.status).toBe(200);
    expect(result.headers['content-disposition']).toMatch(/^attachment; filename="techmart-.*\.json"$/);
    expect(result.headers['content-type']).toContain('application/json');
    for (const part of ['profile', 'sessions', 'cart', 'orders', 'reviews', 'posts', 'comments']) expect(result.body).toHaveProperty(part);
    const [{ orders } = {}] = await app.query<{ orders: number }>('SELECT count(*) AS orders FROM orders WHERE user_id = 3');
    expect(result.body['orders']).toHaveLength(orders ?? 0);
    expect(result.text).not.toMatch(/hash|argon/);
    expect(count).toBeLessThanOrEqual(14);
  });

  it('holds nothing of anybody else', async () => {
    const person = await register(app);
    const { body } = await app.get('/users/profile/export', { as: (await logIn(app, person.email)).access });
    expect([body['orders'], body['reviews'], body['posts'], body['comments'], body['cart']]).toEqual([[], [], [], [], []]);
  });
});

describe('GET /users', () => {
  it('lists with counts of orders and posts in two statements, whatever the page size', async () => {
    const small = await app.queriesOf(() => app.get('/users?page_size=2', { as: admin }));
    const large = await app.queriesOf(() => app.get('/users?page_size=100', { as: admin }));
    expect([small.count, large.count]).toEqual([2, 2]);
    const { users, pagination } = large.result.body;
    const [{ total } = {}] = await app.query<{ total: number }>('SELECT count(*) AS total FROM users');
    expect(pagination).toMatchObject({ page: 1, page_size: 100, total_count: total });
    expect(Object.keys(users[0] as Json).toSorted()).toEqual([...userFields, 'orders_count', 'posts_count'].toSorted());
    const ids = (users as { id: number }[]).map(({ id }) => id);
    const counts = await app.query<{ id: number; orders_count: number; posts_count: number }>(
      `SELECT id, (SELECT count(*) FROM orders WHERE user_id = u.id) AS orders_count,
              (SELECT count(*) FROM posts WHERE author_id = u.id) AS posts_count FROM users u WHERE id = ANY ($1)`,
      [ids],
    );
    const listed = (users as Json[]).map(({ id, orders_count, posts_count }) => ({ id, orders_count, posts_count }));
    expect(listed).toEqual(ids.map((id) => counts.find((row) => row.id === id)));
  });

  it('walks every user exactly once, by page and by cursor alike', async () => {
    const byPage: number[] = [];
    const byCursor: number[] = [];
    for (let page = 1, last = false; !last; page += 1) {
      const { body } = await app.get(`/users?page_size=37&page=${page}`, { as: admin });
      byPage.push(...(body['users'] as { id: number }[]).map(({ id }) => id));
      last = page >= (body['pagination']['total_pages'] as number);
    }
    for (let cursor: string | null = ''; cursor !== null;) {
      const { body } = await app.get(`/users?page_size=37${cursor && `&cursor=${cursor}`}`, { as: admin });
      byCursor.push(...(body['users'] as { id: number }[]).map(({ id }) => id));
      cursor = body['pagination']['next_cursor'] as string | null;
    }
    const [{ total } = {}] = await app.query<{ total: number }>('SELECT count(*) AS total FROM users');
    expect(new Set(byPage).size).toBe(total);
    expect(byCursor).toEqual(byPage);
  });

  it.each([
    ['q=TECHMART.TEST', `email LIKE '%techmart.test%'`],
    ['q=%25', 'false'],
    ['q=_', `username LIKE '%\\_%' OR email LIKE '%\\_%'`],
    ['user_type=seller', `user_type = 'seller'`],
    ['is_active=false', 'NOT is_active'],
    ['user_type=customer&is_active=true', `user_type = 'customer' AND is_active`],
  ])('filters by %s', async (query, condition) => {
    const { body } = await app.get(`/users?page_size=100&${query}`, { as: admin });
    const [{ total } = {}] = await app.query<{ total: number }>(`SELECT count(*) AS total FROM users WHERE ${condition}`);
    expect(body['pagination']['total_count']).toBe(total);
  });

  it.each([
    'page=0',
    'page_size=101',
    'user_type=king',
    'is_active=maybe',
    'cursor=x',
    'cursor=WyJ1c2VycyIsImEiXQ',
    'page=10000&page_size=2',
  ])('refuses %s', async (query) => {
    expect((await app.get(`/users?${query}`, { as: admin })).status).toBe(400);
  });
});

describe('POST /users, GET, PATCH and DELETE /users/{id}', () => {
  it('opens an account of any role that can log in, and records it without the password', async () => {
    const given = registration({ user_type: 'seller' });
    const { status, body, headers } = await app.post('/users', given, { as: admin });
    expect([status, body['user_type'], headers['location']]).toEqual([201, 'seller', `/users/${body['id']}`]);
    await logIn(app, given['email'] as string);
    const { text, body: log } = await app.get(`/audit?entity_type=user&entity_id=${body['id']}`, { as: admin });
    expect((log['entries'] as Json[]).map(({ action, actor }) => [action, actor?.id])).toEqual([['user.create', 1]]);
    expect(text).not.toContain(password);
  });

  it('answers one account in two statements, and 404 for none', async () => {
    const { result, count } = await app.queriesOf(() => app.get('/users/3', { as: admin }));
    expect([result.status, result.body['email'], count]).toEqual([200, 'customer@techmart.test', 2]);
    expect((await app.get('/users/987654321', { as: admin })).status).toBe(404);
    expect((await app.patch('/users/987654321', { first_name: 'X' }, { as: admin })).status).toBe(404);
    expect((await app.delete('/users/987654321', { as: admin })).status).toBe(404);
  });

  it('deactivates: access ends at once, nothing is lost, once more is 204 too', async () => {
    const person = await register(app);
    const { access } = await logIn(app, person.email);
    expect((await app.delete(`/users/${person.id}`, { as: admin })).status).toBe(204);
    expect((await app.delete(`/users/${person.id}`, { as: admin })).status).toBe(204);
    expect((await app.get('/users/profile', { as: access })).status).toBe(401);
    expect((await app.get(`/users/${person.id}`, { as: admin })).body).toMatchObject({ email: person.email, is_active: false });
    await app.patch(`/users/${person.id}`, { is_active: true }, { as: admin });
    expect((await app.get('/users/profile', { as: access })).status).toBe(401);
    await logIn(app, person.email);
  });

  it('lets the last admin neither leave nor be demoted, and of two who leave at once keeps one', async () => {
    await app.query(`UPDATE users SET user_type = 'customer' WHERE user_type = 'admin' AND id <> 1`);
    expect((await app.delete('/users/1', { as: admin })).body['type']).toBe(problem('last-admin'));
    expect((await app.patch('/users/1', { user_type: 'seller' }, { as: admin })).status).toBe(409);
    expect((await app.patch('/users/1', { is_active: false }, { as: admin })).status).toBe(409);
    const second = await register(app);
    await app.patch(`/users/${second.id}`, { user_type: 'admin' }, { as: admin });
    const other = (await logIn(app, second.email)).access;
    const answers = await Promise.all([
      app.delete('/users/profile', { as: other }),
      app.patch('/users/1', { user_type: 'customer' }, { as: admin }),
    ]);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(1);
    await app.query(`UPDATE users SET user_type = 'admin', is_active = true WHERE id = 1`);
  });
});

describe('GET /users/{id}/stats', () => {
  it('tells public figures only, in one statement, and can be revalidated', async () => {
    const { result, count } = await app.queriesOf(() => app.get('/users/3/stats'));
    expect([result.status, count]).toEqual([200, 1]);
    expect(result.text).not.toMatch(/email|phone|first_name|last_login|spent|order|techmart\.test/);
    const again = await app.get('/users/3/stats', { headers: { 'if-none-match': result.headers['etag'] ?? '' } });
    expect(again.status).toBe(304);
    expect((await app.get('/users/987654321/stats')).status).toBe(404);
  });
});
