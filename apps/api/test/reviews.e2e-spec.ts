import { startTestApp, type Answer, type Json, type TestApp } from './app.harness.js';
import { readAll, refusal, writers, type Writers } from './community.fixture.js';

let app: TestApp;
let people: Writers;
/** Products that nobody has reviewed and that neither Ana nor Ben has ordered: each test takes one. */
let fresh: number[];

beforeAll(async () => {
  app = await startTestApp();
  people = await writers(app);
  const rows = await app.query<{ id: number }>(
    `SELECT id FROM products p WHERE is_active AND NOT EXISTS (SELECT FROM reviews r WHERE r.product_id = p.id)
        AND NOT EXISTS (SELECT FROM order_items i WHERE i.product_id = p.id AND i.user_id = ANY ($1)) ORDER BY id DESC LIMIT 40`,
    [[people.ana, people.ben]],
  );
  fresh = rows.map(({ id }) => id);
});
afterAll(() => app.close());

const product = (): number => {
  const id = fresh.pop();
  if (id === undefined) throw new Error('the seed has too few products without a review');
  return id;
};
const review = (productId: number, fields: Json = {}, as = people.asAna): Promise<Answer> =>
  app.post(`/products/${productId}/reviews`, { rating: 4, ...fields }, { as });
const approve = (id: number, as: string | undefined = people.asAdmin): Promise<Answer> =>
  app.post(`/reviews/${id}/approve`, undefined, { as });
const reject = (id: number, as: string | undefined = people.asAdmin): Promise<Answer> =>
  app.post(`/reviews/${id}/reject`, undefined, { as });
const rating = async (productId: number): Promise<unknown[]> => {
  const [row] = await app.query('SELECT rating_average, rating_count FROM products WHERE id = $1', [productId]);
  return [row?.['rating_average'], row?.['rating_count']];
};
const publicIds = async (productId: number): Promise<number[]> =>
  (await app.get(`/products/${productId}/reviews?page_size=100`)).body['reviews'].map((row: Json) => row['id']);
const events = (id: number, type: string): Promise<Json[]> =>
  app.query(
    `SELECT event_type, payload FROM outbox WHERE aggregate_type = $2 AND aggregate_id = $1 AND event_type IN ('review.approved', 'product.changed') ORDER BY id`,
    [id, type],
  );

const order = async (userId: number, productId: number, status: string): Promise<void> => {
  await app.query(
    `WITH placed AS (
       INSERT INTO orders (order_number, user_id, status, total_amount, shipping_address, billing_address, payment_method)
       VALUES ($1, $2, $3, 10, 'a', 'a', 'card') RETURNING id
     ) INSERT INTO order_items (order_id, user_id, product_id, name, sku, quantity, unit_price, total_price)
       SELECT id, $2, $4, 'n', 's', 1, 10, 10 FROM placed`,
    [`TEST-${userId}-${productId}-${status}`, userId, status, productId],
  );
};

describe('a new review', () => {
  it('waits for a moderator, seen by its author alone', async () => {
    const id = product();
    const { status, body } = await review(id, { rating: 5, title: 'Excellent', comment: 'One.\nTwo.' });
    expect([status, body]).toEqual([
      201,
      {
        id: body['id'],
        product_id: id,
        user: { id: people.ana, username: expect.any(String) },
        rating: 5,
        title: 'Excellent',
        comment: 'One.\nTwo.',
        is_verified_purchase: false,
        is_approved: false,
        moderated_at: null,
        created_at: expect.stringMatching(/Z$/),
      },
    ]);
    expect(await publicIds(id)).toEqual([]);
    expect(await rating(id)).toEqual([null, 0]);
    expect((await app.get('/reviews/mine', { as: people.asAna })).body['reviews'][0]).toEqual(body);
    const { body: others } = await app.get('/reviews/mine', { as: people.asBen });
    expect(others['reviews'].every((row: Json) => row['user'].id === people.ben)).toBe(true);
  });

  it('is the only one of its author, who is told which one to edit', async () => {
    const id = product();
    const { body } = await review(id);
    const second = await review(id, { rating: 1 });
    expect([...refusal(second), second.body['review_id']]).toEqual([409, 'already-reviewed', body['id']]);
    const race = product();
    const answers = await Promise.all(Array.from({ length: 10 }, () => review(race)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, ...Array.from({ length: 9 }, () => 409)]);
  });

  it.each([
    ['pending', false],
    ['processing', false],
    ['cancelled', false],
    ['shipped', true],
    ['delivered', true],
  ])('of who has a %s order of the product: verified is %s', async (status, isVerified) => {
    const id = product();
    await order(people.ana, id, status);
    await order(people.ben, product(), 'delivered');
    expect((await review(id)).body['is_verified_purchase']).toBe(isVerified);
    expect((await review(id, {}, people.asBen)).body['is_verified_purchase']).toBe(false);
  });

  it.each<[Json, string]>([
    [{ rating: 0 }, '/rating'],
    [{ rating: 6 }, '/rating'],
    [{ rating: 4.5 }, '/rating'],
    [{ rating: '5' }, '/rating'],
    [{ rating: null }, '/rating'],
    [{ title: 'x'.repeat(201) }, '/title'],
    [{ title: 'a\nb' }, '/title'],
    [{ comment: ' ' }, '/comment'],
    [{ comment: 'x'.repeat(5001) }, '/comment'],
    [{ is_approved: true }, '/is_approved'],
    [{ is_verified_purchase: true }, '/is_verified_purchase'],
  ])('number %# of these bodies is refused at the place that is wrong', async (fields, pointer) => {
    expect(refusal(await review(1, fields))).toEqual([400, 'invalid-input', pointer]);
  });

  it('is refused without a token and for a product that is not on sale', async () => {
    expect((await app.post('/products/1/reviews', { rating: 5 })).status).toBe(401);
    const id = product();
    await app.query('UPDATE products SET is_active = false WHERE id = $1', [id]);
    for (const missing of [id, 987_654_321]) {
      expect(refusal(await review(missing))).toEqual([404, 'product-not-found']);
      expect(refusal(await app.get(`/products/${missing}/reviews`))).toEqual([404, 'product-not-found']);
    }
    expect(refusal(await review(0))).toEqual([400, 'invalid-input', '/path/id']);
  });
});

describe('moderation', () => {
  it('makes a review public and counts it, once, with its event and its trace', async () => {
    const id = product();
    const { body } = await review(id, { rating: 3 });
    const approved = await approve(body['id']);
    expect([approved.status, approved.body]).toEqual([200, { ...body, is_approved: true, moderated_at: expect.stringMatching(/Z$/) }]);
    expect((await approve(body['id'])).body).toEqual(approved.body);
    expect([await publicIds(id), await rating(id)]).toEqual([[body['id']], [3, 1]]);
    expect(await events(body['id'], 'review')).toEqual([
      { event_type: 'review.approved', payload: { review_id: body['id'], product_id: id, user_id: people.ana, rating: 3 } },
    ]);
    const trail = await app.query(`SELECT actor_id, action FROM audit_log WHERE entity_type = 'review' AND entity_id = $1`, [body['id']]);
    expect(trail).toEqual([{ actor_id: 1, action: 'review.approve' }]);
  });

  it('finds out again whether the product was sent, which it may have been since', async () => {
    const id = product();
    await order(people.ana, id, 'processing');
    const { body } = await review(id);
    expect(body['is_verified_purchase']).toBe(false);
    await app.query(`UPDATE orders SET status = 'shipped' WHERE order_number = $1`, [`TEST-${people.ana}-${id}-processing`]);
    expect((await approve(body['id'])).body['is_verified_purchase']).toBe(true);
  });

  it('takes an approved review down again, and tells that the product changed', async () => {
    const id = product();
    const { body } = await review(id);
    await approve(body['id']);
    const rejected = await reject(body['id']);
    expect([rejected.status, rejected.body['is_approved']]).toEqual([200, false]);
    expect((await reject(body['id'])).body).toEqual(rejected.body);
    expect([await publicIds(id), await rating(id)]).toEqual([[], [null, 0]]);
    expect(await events(id, 'product')).toMatchObject([{ event_type: 'product.changed', payload: { product_id: id } }]);
    const trail = await app.query(`SELECT action FROM audit_log WHERE entity_type = 'review' AND entity_id = $1 ORDER BY id`, [body['id']]);
    expect(trail).toEqual([{ action: 'review.approve' }, { action: 'review.reject' }]);
  });

  it('of a review that was never public tells nobody but the audit', async () => {
    const id = product();
    const { body } = await review(id);
    await reject(body['id']);
    expect([...(await events(id, 'product')), ...(await events(body['id'], 'review'))]).toEqual([]);
  });

  it('approves once when two admins do it at once', async () => {
    const { body } = await review(product());
    const answers = await Promise.all(Array.from({ length: 8 }, () => approve(body['id'])));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
    expect(await events(body['id'], 'review')).toHaveLength(1);
  });

  it('is for admins, and for reviews that are there', async () => {
    const { body } = await review(product());
    const seller = await app.token('seller');
    const answers = [await approve(body['id'], people.asAna), await reject(body['id'], seller), await app.get('/reviews', { as: seller })];
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403]);
    const anonymous = [
      await app.post(`/reviews/${body['id']}/approve`),
      await app.post(`/reviews/${body['id']}/reject`),
      await app.get('/reviews'),
    ];
    expect(anonymous.map(({ status }) => status)).toEqual([401, 401, 401]);
    for (const answer of [await approve(987_654_321), await reject(987_654_321)])
      expect(refusal(answer)).toEqual([404, 'review-not-found']);
    expect(refusal(await approve(0))).toEqual([400, 'invalid-input', '/path/id']);
  });

  it('has a queue: the longest waiting first, then rejected ones, each once', async () => {
    const expected = await app.query<{ id: number }>(
      'SELECT id FROM reviews WHERE NOT is_approved ORDER BY moderated_at IS NOT NULL, created_at, id',
    );
    const as = people.asAdmin;
    const ids: number[] = [];
    for (let cursor = ''; cursor !== null;) {
      const { body } = await app.get(`/reviews?is_approved=false&page_size=9${cursor && `&cursor=${cursor}`}`, { as });
      ids.push(...body['reviews'].map((row: Json) => row['id']));
      cursor = body['pagination'].next_cursor;
    }
    expect(ids).toEqual(expected.map(({ id }) => id));
    const { body } = await app.get('/reviews?page=2&page_size=5', { as });
    expect(body['reviews'].map((row: Json) => row['id'])).toEqual(ids.slice(5, 10));
    expect(body['pagination']).toMatchObject({ page: 2, total_count: ids.length });
  });

  it('lists approved ones too, newest first', async () => {
    const { body } = await app.get('/reviews?is_approved=true&page_size=15', { as: people.asAdmin });
    const expected = await app.query<{ id: number }>('SELECT id FROM reviews WHERE is_approved ORDER BY id DESC LIMIT 30');
    const next = await app.get(`/reviews?is_approved=true&page_size=15&cursor=${body['pagination'].next_cursor}`, { as: people.asAdmin });
    expect([...body['reviews'], ...next.body['reviews']].map((row: Json) => row['id'])).toEqual(expected.map(({ id }) => id));
    expect((await app.get('/reviews?is_approved=maybe', { as: people.asAdmin })).status).toBe(400);
    expect((await app.get(`/reviews?cursor=${body['pagination'].next_cursor}`, { as: people.asAdmin })).status).toBe(400);
  });
});

describe('an edit', () => {
  it('goes back to the moderators and off the product', async () => {
    const id = product();
    const { body } = await review(id, { rating: 5, title: 'Excellent', comment: 'Good' });
    await approve(body['id']);
    await order(people.ana, id, 'shipped');
    const edited = await app.patch(`/reviews/${body['id']}`, { rating: 1, title: null }, { as: people.asAna });
    expect([edited.status, edited.body]).toEqual([200, { ...body, rating: 1, title: null, is_verified_purchase: true }]);
    expect([await publicIds(id), await rating(id)]).toEqual([[], [null, 0]]);
    expect(await events(id, 'product')).toHaveLength(1);
    await approve(body['id']);
    expect([await publicIds(id), await rating(id)]).toEqual([[body['id']], [1, 1]]);
  });

  it('that changes nothing leaves it where it is', async () => {
    const id = product();
    const { body } = await review(id, { rating: 5, title: 'Excellent' });
    const { body: approved } = await approve(body['id']);
    for (const change of [{}, { rating: 5 }, { title: 'Excellent', comment: null }]) {
      expect((await app.patch(`/reviews/${body['id']}`, change, { as: people.asAna })).body).toEqual(approved);
    }
    expect(await rating(id)).toEqual([5, 1]);
    expect(await events(id, 'product')).toEqual([]);
  });

  it("is the author's alone: not found to others and to admins", async () => {
    const { body } = await review(product());
    const path = `/reviews/${body['id']}`;
    for (const as of [people.asBen, people.asAdmin])
      expect(refusal(await app.patch(path, { rating: 1 }, { as }))).toEqual([404, 'review-not-found']);
    expect((await app.patch(path, { rating: 1 })).status).toBe(401);
    expect(refusal(await app.patch(path, { rating: 9 }, { as: people.asAna }))).toEqual([400, 'invalid-input', '/rating']);
    expect(refusal(await app.patch('/reviews/987654321', { rating: 1 }, { as: people.asAna }))).toEqual([404, 'review-not-found']);
    expect(await app.query('SELECT rating FROM reviews WHERE id = $1', [body['id']])).toEqual([{ rating: 4 }]);
  });
});

describe('a deletion', () => {
  it('by its author takes it off the product, who may write a new one', async () => {
    const id = product();
    const { body } = await review(id);
    await approve(body['id']);
    const path = `/reviews/${body['id']}`;
    expect([(await app.delete(path)).status, refusal(await app.delete(path, { as: people.asBen }))]).toEqual([
      401,
      [404, 'review-not-found'],
    ]);
    expect(await rating(id)).toEqual([4, 1]);
    expect((await app.delete(path, { as: people.asAna })).status).toBe(204);
    expect([await publicIds(id), await rating(id)]).toEqual([[], [null, 0]]);
    expect(await events(id, 'product')).toHaveLength(1);
    expect((await app.delete(path, { as: people.asAna })).status).toBe(404);
    expect((await review(id)).status).toBe(201);
    expect(await app.query(`SELECT FROM audit_log WHERE action = 'review.delete' AND entity_id = $1`, [body['id']])).toEqual([]);
  });

  it('by an admin leaves a trace', async () => {
    const { body } = await review(product());
    expect((await app.delete(`/reviews/${body['id']}`, { as: people.asAdmin })).status).toBe(204);
    expect(await app.query(`SELECT actor_id FROM audit_log WHERE action = 'review.delete' AND entity_id = $1`, [body['id']])).toEqual([
      { actor_id: 1 },
    ]);
  });
});

describe('the reviews of a product', () => {
  it('are the approved ones, newest first, each once, counted as the product counts them, in one statement a page', async () => {
    const [top] = await app.query<{ id: number; rating_count: number }>(
      'SELECT id, rating_count FROM products WHERE is_active ORDER BY rating_count DESC, id LIMIT 1',
    );
    if (!top) throw new Error('no product');
    await app.query(`UPDATE reviews SET created_at = date_trunc('month', created_at) WHERE product_id = $1`, [top.id]);
    const expected = await app.query<{ id: number }>(
      'SELECT id FROM reviews WHERE product_id = $1 AND is_approved ORDER BY created_at DESC, id DESC',
      [top.id],
    );
    expect(expected.length).toBeGreaterThan(4);
    const { count, result } = await app.queriesOf(() => readAll(app, `/products/${top.id}/reviews`, 'reviews', 2));
    expect(result.map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
    expect(count).toBe(Math.ceil(expected.length / 2));
    const { body, headers } = await app.get(`/products/${top.id}/reviews?page=2&page_size=2`);
    expect(body['reviews'].map((row: Json) => row['id'])).toEqual(expected.slice(2, 4).map(({ id }) => id));
    expect(body['pagination'].total_count).toBe(expected.length);
    expect(headers['cache-control']).toBe('public, max-age=0, must-revalidate');
  });

  it('refuse bad pages and a cursor of another product', async () => {
    const [top] = await app.query<{ id: number }>('SELECT id FROM products WHERE is_active ORDER BY rating_count DESC, id LIMIT 1');
    const { body } = await app.get(`/products/${top?.id}/reviews?page_size=1`);
    const forged = Buffer.from(JSON.stringify([`reviews-of-${top?.id}`, 'now', 1])).toString('base64url');
    expect((await app.get(`/products/${product()}/reviews?cursor=${body['pagination'].next_cursor}`)).status).toBe(400);
    for (const query of [`cursor=${forged}`, 'page=0', 'page_size=101', 'page=501']) {
      expect([query, (await app.get(`/products/${top?.id}/reviews?${query}`)).status]).toEqual([query, 400]);
    }
  });
});
