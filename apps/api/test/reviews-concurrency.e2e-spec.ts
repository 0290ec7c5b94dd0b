import { startTestApp, type TestApp } from './app.harness.js';

/** Numbers in [0, 1) that are the same in every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe('twenty users and two admins who write, edit, approve, reject and delete at once', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp();
  });
  afterAll(() => app.close());

  it('leave each product with exactly the count and average of its approved reviews', async () => {
    const products = [1, 2, 3];
    await app.query('DELETE FROM reviews WHERE product_id = ANY ($1)', [products]);
    const users = await app.query<{ id: number }>(`SELECT id FROM users WHERE user_type = 'customer' AND is_active ORDER BY id LIMIT 20`);
    const tokens = await Promise.all(users.map(({ id }) => app.token(id)));
    const asAdmin = await app.token('admin');
    const statuses = new Map<number, number>();
    const seen = (status: number): void => void statuses.set(status, (statuses.get(status) ?? 0) + 1);
    const ids: number[] = [];

    const user = async (as: string, next: () => number): Promise<void> => {
      const own: number[] = [];
      for (let step = 0; step < 15; step += 1) {
        const id = own[Math.floor(next() * own.length)];
        const dice = next();
        if (id === undefined || dice < 0.3) {
          const productId = products[Math.floor(next() * products.length)];
          const answer = await app.post(`/products/${productId}/reviews`, { rating: 1 + Math.floor(next() * 5) }, { as });
          seen(answer.status);
          if (answer.status === 201) own.push(answer.body['id']);
          if (answer.status === 201) ids.push(answer.body['id']);
        } else if (dice < 0.7) {
          seen((await app.patch(`/reviews/${id}`, { rating: 1 + Math.floor(next() * 5) }, { as })).status);
        } else {
          seen((await app.delete(`/reviews/${id}`, { as })).status);
          own.splice(own.indexOf(id), 1);
        }
      }
    };
    const admin = async (next: () => number): Promise<void> => {
      for (let step = 0; step < 120; step += 1) {
        const id = ids[Math.floor(next() * ids.length)] ?? 987_654_321;
        seen((await app.post(`/reviews/${id}/${next() < 0.8 ? 'approve' : 'reject'}`, undefined, { as: asAdmin })).status);
      }
    };
    await Promise.all([...tokens.map((as, n) => user(as, random(n + 1))), admin(random(100)), admin(random(200))]);

    expect([...statuses.keys()].toSorted()).toEqual([200, 201, 204, 404, 409]);
    const kept = await app.query(
      'SELECT id, rating_count AS count, rating_average AS average FROM products WHERE id = ANY ($1) ORDER BY id',
      [products],
    );
    const real = await app.query(
      `SELECT p.id, count(r.id)::integer AS count, round(avg(r.rating), 2) AS average
         FROM products p LEFT JOIN reviews r ON r.product_id = p.id AND r.is_approved WHERE p.id = ANY ($1) GROUP BY p.id ORDER BY p.id`,
      [products],
    );
    expect(kept).toEqual(real);
    expect(kept.reduce((sum, row) => sum + row['count'], 0)).toBeGreaterThan(5);
  });
});
