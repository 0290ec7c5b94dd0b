import { openAndLogIn, problem } from './accounts.fixture.js';
import { startTestApp, type TestApp } from './app.harness.js';
import { newProduct, newUser, placeOrder, Saboteur, stockOf, type Shopper } from './checkout.fixture.js';
import { expectSoundBooks } from './invariants.fixture.js';

// Races that are made to happen: the saboteur is the other party, and stops or finishes at the worst moment. It never is the one whom
// the database picks to end a deadlock.
describe('changes that meet', () => {
  let app: TestApp;
  let saboteur: Saboteur;
  let admin: Shopper;
  beforeAll(async () => {
    app = await startTestApp();
    admin = await newUser(app, 'admin');
    saboteur = await Saboteur.of(app);
    await saboteur.want(`SET deadlock_timeout = '1min'`);
  });
  afterAll(async () => {
    await saboteur.close();
    await app.close();
  });
  afterEach(async () => {
    await saboteur.release();
    await expectSoundBooks(app);
  });

  it('delete a comment while its post is deleted, without waiting for each other', async () => {
    const author = await newUser(app);
    const { body: post } = await app.post('/posts', { title: 'T', body: 'B' }, { as: author.token });
    const { body: comment } = await app.post(`/posts/${post['id']}/comments`, { body: 'C' }, { as: author.token });
    await saboteur.hold('SELECT FROM posts WHERE id = $1 FOR UPDATE', [post['id']]);
    const deletion = app.delete(`/comments/${comment['id']}`, { as: author.token });
    await saboteur.waiting(1, '%DELETE FROM comments%');
    await saboteur.want('DELETE FROM posts WHERE id = $1', [post['id']]);
    await saboteur.commit();
    expect((await deletion).status).toBe(404);
  });

  it('empty a cart while it is bought, without waiting for each other', async () => {
    const buyer = await newUser(app);
    const [first, second] = [await newProduct(app), await newProduct(app)];
    for (const product_id of [second, first]) await app.post('/cart/add', { product_id, quantity: 1 }, { as: buyer.token });
    const line = 'SELECT FROM cart_items WHERE user_id = $1 AND product_id = $2 FOR UPDATE';
    await saboteur.hold(line, [buyer.id, first]);
    const emptied = app.delete('/cart', { as: buyer.token });
    await saboteur.waiting(1, '%DELETE FROM cart_items%');
    await saboteur.want(line, [buyer.id, second]);
    await saboteur.commit();
    expect([(await emptied).status, (await emptied).body['items']]).toEqual([200, []]);
  });

  it('move a category while another is moved, without waiting for each other', async () => {
    const [a, b] = await Promise.all(
      ['a', 'b'].map(async (name) => (await app.post('/categories', { name: `race ${name}` }, { as: admin.token })).body['id']),
    );
    await saboteur.hold(`SELECT pg_advisory_xact_lock(hashtextextended('categories.path', 0))`);
    const moved = app.patch(`/categories/${b}`, { parent_id: a }, { as: admin.token });
    await saboteur.waiting(1, '%categories.path%');
    await saboteur.want('SELECT FROM categories WHERE id = $1 FOR UPDATE NOWAIT', [b]);
    await saboteur.want('UPDATE categories SET sort_order = 1 WHERE id = $1', [b]);
    await saboteur.commit();
    expect([(await moved).status, (await moved).body['parent_id']]).toEqual([200, a]);
  });

  it('change a SKU while the product is sold: the loser of a deadlock is tried again', async () => {
    const product = await newProduct(app);
    await saboteur.hold('SELECT FROM products WHERE id = $1 FOR KEY SHARE', [product]);
    const changed = app.patch(`/products/${product}`, { sku: `RACE-${product}` }, { as: admin.token });
    await saboteur.waiting(1, 'UPDATE products%');
    await saboteur.want('UPDATE products SET stock_quantity = stock_quantity - 1 WHERE id = $1', [product]);
    await saboteur.commit();
    expect([(await changed).status, (await changed).body['sku']]).toEqual([200, `RACE-${product}`]);
    expect(await stockOf(app, [product])).toEqual([99]);
  });

  it.each([
    ['delivered', (id: number) => app.patch(`/orders/${id}/status`, { status: 'delivered' }, { as: admin.token })],
    ['cancelled', (id: number) => app.patch(`/orders/${id}/status`, { status: 'cancelled' }, { as: admin.token })],
  ])('erase an account while its order is %s: the address is gone', async (to, finish) => {
    const buyer = await openAndLogIn(app);
    const { body: order } = await placeOrder(app, { id: buyer.id, token: buyer.access }, [[await newProduct(app), 1]]);
    for (const status of to === 'delivered' ? ['processing', 'shipped'] : ['processing'])
      await app.patch(`/orders/${order['id']}/status`, { status }, { as: admin.token });
    await saboteur.hold('LOCK TABLE one_time_tokens IN SHARE ROW EXCLUSIVE MODE');
    const erased = app.delete('/users/profile', { as: buyer.access });
    await saboteur.waiting(1, 'DELETE FROM one_time_tokens%');
    const finished = finish(order['id']);
    await Promise.race([finished, saboteur.waiting(1, '%UPDATE orders%')]);
    await saboteur.release();
    expect([(await erased).status, (await finished).status, (await finished).body['status']]).toEqual([204, 200, to]);
    const addresses = await app.query('SELECT shipping_address, billing_address, notes FROM orders WHERE id = $1', [order['id']]);
    expect(addresses).toEqual([{ shipping_address: '(erased)', billing_address: '(erased)', notes: null }]);
  });

  it('add to a cart while its account is erased: nothing is left in it', async () => {
    const [buyer, product] = [await openAndLogIn(app), await newProduct(app)];
    await saboteur.hold('LOCK TABLE cart_items IN SHARE ROW EXCLUSIVE MODE');
    const erased = app.delete('/users/profile', { as: buyer.access });
    await saboteur.waiting(1, '%DELETE FROM cart_items%');
    const added = app.post('/cart/add', { product_id: product, quantity: 1 }, { as: buyer.access });
    await saboteur.waiting(1, '%INSERT INTO cart_items%');
    await saboteur.release();
    expect([(await erased).status, (await added).status]).toEqual([204, 401]);
    expect(await app.query('SELECT FROM cart_items WHERE user_id = $1', [buyer.id])).toEqual([]);
  });

  it('ask for a new password while the account is erased: no token is left of it', async () => {
    const user = await openAndLogIn(app);
    await saboteur.hold('LOCK TABLE one_time_tokens IN SHARE ROW EXCLUSIVE MODE');
    const erased = app.delete('/users/profile', { as: user.access });
    await saboteur.waiting(1, '%DELETE FROM one_time_tokens%');
    const asked = app.post('/auth/forgot-password', { email: user.email });
    await saboteur.waiting(1, '%INSERT INTO one_time_tokens%');
    await saboteur.release();
    expect([(await erased).status, (await asked).status]).toEqual([204, 202]);
    expect(await app.query('SELECT FROM one_time_tokens WHERE user_id = $1', [user.id])).toEqual([]);
  });

  it('erase an account while something is added to its cart: nothing is left in it', async () => {
    const [buyer, product] = [await openAndLogIn(app), await newProduct(app)];
    await saboteur.hold('SELECT FROM products WHERE id = $1 FOR UPDATE', [product]);
    const added = app.post('/cart/add', { product_id: product, quantity: 1 }, { as: buyer.access });
    await saboteur.waiting(1, '%INSERT INTO cart_items%');
    const erased = app.delete('/users/profile', { as: buyer.access });
    await saboteur.waiting(1, '%UPDATE users%');
    await saboteur.release();
    expect([(await added).status, (await erased).status]).toEqual([200, 204]);
    expect(await app.query('SELECT FROM cart_items WHERE user_id = $1', [buyer.id])).toEqual([]);
  });

  it('let a check-out end that waited for too long: 503, nothing changed, and placed once when tried again', async () => {
    const [buyer, product] = [await newUser(app), await newProduct(app)];
    await saboteur.hold('SELECT FROM products WHERE id = $1 FOR NO KEY UPDATE', [product]);
    const late = placeOrder(app, buyer, [[product, 1]], 'late');
    const [pid] = await saboteur.waiting(1);
    // What the server does by itself after the time limit for statements.
    await saboteur.want('SELECT pg_cancel_backend($1)', [pid]);
    const { status, body, headers } = await late;
    await saboteur.release();
    expect([status, body['type'], headers['retry-after']]).toEqual([503, problem('overloaded'), '2']);
    expect(await stockOf(app, [product])).toEqual([100]);
    const again = await placeOrder(app, buyer, [[product, 1]], 'late');
    expect([again.status, again.headers['idempotent-replayed'], await stockOf(app, [product])]).toEqual([201, undefined, [99]]);
  });
});
